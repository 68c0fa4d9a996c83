/** Which code is the user’s, which is a library’s and which allocates for others. */
import test from 'ava';
import type { Frame } from '../../proto/snapshot.js';
import { moduleRole, ownershipOf, yieldsToPython } from '../../views/ownership.js';

const frame = (change: Partial<Frame>): Frame => ({
  function: null,
  file: null,
  line: null,
  module: 0,
  offset: 0,
  language: 'native',
  inlined: false,
  ...change,
});

const role = (path: string) => moduleRole({ path, buildId: null });

test('runtime libraries are told from libraries that a user chose', (t) => {
  const runtime = [
    '/usr/lib/x86_64-linux-gnu/libc.so.6',
    '/lib/libc-2.31.so',
    '/lib/ld-musl-x86_64.so.1',
    '/lib64/ld-linux-x86-64.so.2',
    '/usr/lib/libstdc++.so.6.0.30',
    '/lib/libgcc_s.so.1',
    '/lib/libnss_files.so.2',
    '/lib/libcrypt.so.1',
    '/usr/bin/python3.11',
    '/usr/lib/libpython3.11.so.1.0',
    'linux-vdso.so.1',
    '/lib/libc.so.6 (deleted)',
  ];
  const user = [
    '/usr/lib/libcrypto.so.3',
    '/usr/lib/libcap.so.2',
    '/usr/lib/libz.so.1.2.13',
    '/usr/bin/perl',
    '/opt/pythonista',
    '/home/me/libc/app',
    '/usr/lib/python3/dist-packages/numpy/core.cpython-311-x86_64-linux-gnu.so',
  ];
  t.deepEqual(
    runtime.filter((path) => role(path) !== 'runtime'),
    [],
  );
  t.deepEqual(
    user.filter((path) => role(path) !== 'user'),
    [],
  );
  t.deepEqual(
    ['/usr/lib/libmemtrace.so', '/lib/libjemalloc.so.2', '/lib/libtcmalloc_minimal.so.4'].map(role),
    ['allocator', 'allocator', 'allocator'],
  );
});

test('a package from PyPI that has debug information is not blamed in place of the Python line', (t) => {
  const yields = (path: string, file: string) =>
    yieldsToPython(frame({ function: 'make', file, line: 3 }), { path, buildId: null });
  const packages = '/home/me/venv/lib/python3.11/site-packages';
  t.true(yields(`${packages}/PIL/_imaging.cpython-311-x86_64-linux-gnu.so`, '/project/src/Storage.c'));
  t.true(yields(`${packages}/numba/core/runtime/_nrt_python.cpython-311.so`, '/io/numba/core/nrt.cpp'));
  t.false(yields(`${packages}/mine.cpython-311-x86_64-linux-gnu.so`, '/home/me/mine/mine.cpp'));
  t.false(yields('/project/build/mine.cpython-311-x86_64-linux-gnu.so', '/project/mine.cpp'));
});

test('what is inlined from the headers of pybind11 or numpy is the line that asked for it', (t) => {
  const owner = (file: string) => ownershipOf(frame({ function: 'make', file, line: 3 }), 'user');
  const packages = '/home/me/venv/lib/python3.11/site-packages';
  t.is(owner(`${packages}/pybind11/include/pybind11/pytypes.h`), 'runtime');
  t.is(owner('/usr/lib/python3/dist-packages/numpy/core/include/numpy/arrayobject.h'), 'runtime');
  t.is(owner('/usr/local/include/boost/container/vector.hpp'), 'runtime');
  t.is(owner('/home/me/project/include/mine.hpp'), 'user');
  t.is(owner(`${packages}/mine/src/mine.cpp`), 'user');
});

test('the standard library that was compiled into the program is not the program', (t) => {
  const owner = (change: Partial<Frame>) => ownershipOf(frame(change), 'user');
  t.is(owner({ file: '/usr/include/c++/12/bits/basic_string.h', line: 1 }), 'runtime');
  t.is(owner({ file: '/rustc/9fc6b431/library/alloc/src/raw_vec.rs', line: 1 }), 'runtime');
  t.is(owner({ function: 'void std::vector<int>::_M_realloc_insert<int>(int&&)' }), 'runtime');
  t.is(owner({ function: 'std::make_widget()', file: '/home/me/widget.cpp', line: 3 }), 'user');
  t.is(owner({ function: 'standard::make()' }), 'user');
  t.is(owner({ function: 'malloc_pool_init', file: 'pool.c', line: 3 }), 'user');
});

test('without debug information, a template is told by its own name, not by the type of its result', (t) => {
  const owner = (name: string) => ownershipOf(frame({ function: name }), 'user');
  const runtime = [
    'app::Page& std::vector<app::Page, std::allocator<app::Page> >::emplace_back<int>(int&&)',
    'std::pair<std::_Rb_tree_iterator<int>, bool> std::_Rb_tree<int, int>::_M_insert_unique<int>(int&&)',
    'decltype (app::f()) std::__invoke<void (*)(int)>(void (*&&)(int))',
    'std::basic_ostream<char>& std::operator<< <char>(std::basic_ostream<char>&, char const*)',
  ];
  const user = [
    'std::vector<int, std::allocator<int> > app::make<int>(int)',
    'std::string app::(anonymous namespace)::text<long>(long)',
    'std::string (anonymous namespace)::text<long>(long)',
    'std::vector<int> app::each<app::f(std::string)::{lambda(int)#1}>(app::f(std::string)::{lambda(int)#1})',
    'app::Name::operator std::string() const',
    'std::string app::operator< <int>(int, std::string)',
    'app::f(std::vector<int>)::{lambda(std::string)#1}::operator()(std::string) const',
    'core::Engine::load(std::string const&)',
  ];
  t.deepEqual(
    runtime.filter((name) => owner(name) !== 'runtime'),
    [],
  );
  t.deepEqual(
    user.filter((name) => owner(name) !== 'user'),
    [],
  );
});

test("without debug information, what Rust's std is built of is not the program", (t) => {
  const owner = (name: string) => ownershipOf(frame({ function: name }), 'user');
  const runtime = [
    '<alloc::raw_vec::RawVecInner>::finish_grow',
    'hashbrown::raw::RawTable<T,A>::reserve_rehash',
    '<gimli::read::abbrev::Abbreviations>::insert',
    '<core::iter::adapters::map::Map<I,F> as core::iter::traits::iterator::Iterator>::fold',
  ];
  t.deepEqual(
    runtime.filter((name) => owner(name) !== 'runtime'),
    [],
  );
  t.is(owner('r::main::{{closure}}'), 'user');
  t.is(owner('<r::Table as core::iter::traits::iterator::Iterator>::next'), 'user');
});

test("a program's own operator new and malloc are allocators, not the line to blame", (t) => {
  const owner = (name: string) => ownershipOf(frame({ function: name, file: 'new.cpp', line: 3 }), 'user');
  t.deepEqual(
    ['operator new(unsigned long)', 'operator new[](unsigned long, std::nothrow_t const&)', 'malloc'].map(
      owner,
    ),
    ['allocator', 'allocator', 'allocator'],
  );
});

test('Python code is the user, the import machinery is not', (t) => {
  const python = (file: string) =>
    ownershipOf(frame({ file, line: 1, module: -1, language: 'python' }), 'user');
  t.is(python('/home/me/app.py'), 'user');
  t.is(python('<string>'), 'user');
  t.is(python('<frozen importlib._bootstrap>'), 'runtime');
});

test('a line of a module written in Cython has what it makes, not the helper that Cython calls for all lines', (t) => {
  const owner = (name: string) =>
    ownershipOf(frame({ function: name, file: '/home/me/cache.c', line: 3752 }), 'user');
  t.is(owner('__Pyx_PyObject_Call'), 'runtime');
  t.is(owner('__pyx_pf_5cache_4Node___init__'), 'user');
  t.is(owner('__pyx_f_5cache_render'), 'user');
});
