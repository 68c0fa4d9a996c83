/**
 * Whose code a frame is. This decides which line an allocation is blamed on (views/blame.ts), so the rule is
 * written out here and nowhere else:
 *
 * - *allocator*: malloc and its kin, operator new, memtrace itself. Never blamed, wherever it lives.
 * - *runtime*: code no user wrote for this program: the C library, the loader, the C++ and Rust runtimes, the
 *   Python interpreter, and their header-only parts that the compiler put into the user's own binary; and what
 *   Cython puts into each module beside the user's functions.
 * - *ownAccount*: a runtime function that allocates for its own ends, whoever called it: the buffer of a stdio
 *   stream, the stack and the thread-local storage of a new thread. What it allocates is shown apart.
 * - *base*: where the runtime starts the program; everything further out belongs to nobody.
 * - *user*: all the rest, in whatever language.
 *
 * A Python line beats the native code that it calls (`yieldsToPython`), but for code whose source is known and that
 * is no part of the system, nor of a package that was built elsewhere: the user's own extension, or a program that
 * embeds Python.
 */
import type { Frame, Module } from '../proto/snapshot.js';
import { ownName } from './ownName.js';

export type Ownership = 'user' | 'runtime' | 'ownAccount' | 'base' | 'allocator';

export const ownershipOf = (frame: Frame, module: ModuleRole): Ownership => {
  if (frame.language === 'python') return frame.file?.startsWith('<frozen ') ? 'runtime' : 'user';
  if (frame.module < 0 && frame.function === PYTHON_ARENAS) return 'ownAccount';
  if (module === 'allocator') return 'allocator';
  const name = frame.function;
  if (name !== null && ALLOCATOR.test(name)) return 'allocator';
  if (module === 'runtime') {
    if (name === null) return 'runtime';
    if (OWN_ACCOUNT.test(name)) return 'ownAccount';
    return BASE.test(name) ? 'base' : 'runtime';
  }
  if (name !== null && START_FILE.test(name)) return 'base';
  if (name !== null && CYTHON_HELPER.test(name)) return 'runtime';
  if (frame.file !== null) return RUNTIME_SOURCE.test(frame.file) ? 'runtime' : 'user';
  if (name !== null) return isRuntimeName(name) ? 'runtime' : 'user';
  // Without a module and without a name it may be a JIT's code or a stack gone astray: no one to blame.
  return frame.module < 0 ? 'runtime' : 'user';
};

/** The stack of what the interpreter maps to keep Python objects in (daemon/profile/stacks.ts). */
export const PYTHON_ARENAS = '[arenas for Python objects]';

/** Whether this native frame, called from Python, leaves the blame with the Python line. */
export const yieldsToPython = (frame: Frame, module: Module | undefined): boolean =>
  frame.language === 'native' && (frame.file === null || isForeignTo(frame.file, module?.path ?? ''));

const isForeignTo = (file: string, module: string): boolean =>
  SYSTEM_MODULE.test(module) || (PACKAGE_MODULE.test(module) && WHEEL_SOURCE.test(file));

/** Whether this is the Python interpreter itself, whose frames say little where Python's own stand beside them. */
export const isInterpreter = (module: string | null): boolean =>
  module !== null && PYTHON_MODULE.test(module.slice(module.lastIndexOf('/') + 1));

const SYSTEM_MODULE = /^\/(?:usr\/)?lib(?:32|64|x32)?\/|\/lib-dynload\//;

/** What pip installed. That may be the user's own extension, too, and built here. */
const PACKAGE_MODULE = /\/(?:site|dist)-packages\//;

/** Where cibuildwheel and the scripts of manylinux, in a container, have what they build the wheels of PyPI from. */
const WHEEL_SOURCE = /^\/(?:project|io)\//;

export type ModuleRole = 'user' | 'runtime' | 'allocator';

export const moduleRole = (module: Module | undefined): ModuleRole => {
  if (!module) return 'user';
  const name = module.path.slice(module.path.lastIndexOf('/') + 1).replace(/ \(deleted\)$/, '');
  if (ALLOCATOR_MODULE.test(name)) return 'allocator';
  return RUNTIME_MODULE.test(name) ? 'runtime' : 'user';
};

const PYTHON_MODULE = /^python\d*(?:\.\d+)?[dmtu]*$|^libpython\d/;

const SHARED = String.raw`(?:-[\d.]+)?\.so(?:\.\d+)*$`;

const ALLOCATOR_MODULE = new RegExp(`^lib(?:memtrace|jemalloc|tcmalloc\\w*|mimalloc\\w*)${SHARED}`);

const RUNTIME_MODULE = new RegExp(
  [
    `^lib(?:c|m|mvec|dl|rt|util|anl|nsl|resolv|crypt|pthread|thread_db|nss_\\w+|gcc_s|atomic|gomp|stdc\\+\\+|c\\+\\+|c\\+\\+abi|unwind)${SHARED}`,
    String.raw`^ld(?:-linux\S*|-musl\S*|64|-[\d.]+)\.so(?:\.\d+)*$`,
    String.raw`^(?:linux-vdso|linux-gate)\.so\.\d+$|^\[vdso\]$`,
    PYTHON_MODULE.source,
  ].join('|'),
);

const ALLOCATOR =
  /^(?:_*libc_|__GI_+|je_|tc_|mi_)?(?:malloc|calloc|realloc|reallocarray|posix_memalign|aligned_alloc|memalign|valloc|pvalloc|mmap|mmap64|mremap)$|^operator new(?:\[\])?(?:\(|$)|^_?Py(?:Mem|Object)_(?:Raw)?(?:Malloc|Calloc|Realloc|New)$|^__r(?:ust|dl|g)_(?:alloc|realloc)/;

const OWN_ACCOUNT =
  /^_*(?:IO_w?file_doallocate|IO_w?doallocbuf|pthread_create(?:_2_1)?|dl_allocate_tls(?:_init)?|tls_get_addr)$/;

const BASE =
  /^_*(?:libc_start_main|libc_start_call_main|libc_start_main_impl|libc_init_first|dl_start_user)$/;

const START_FILE =
  /^(?:_start|_init|_fini|__libc_csu_init|__libc_csu_fini|__do_global_dtors_aux|frame_dummy)$/;

/** `__pyx_pf_6module_function` is the user's; `__Pyx_PyObject_Call`, which all of those call, is not. */
const CYTHON_HELPER = /^__Pyx_/;

/** With the headers that come with packages of Python, such as pybind11's: what is inlined from them is the caller's. */
const RUNTIME_SOURCE =
  /\/include\/c\+\+\/|\/c\+\+\/v1\/|\/libstdc\+\+-v3\/|^\/usr\/(?:local\/)?include\/|\/(?:site|dist)-packages\/.*\/include\/|\/lib\/gcc\/|^\/rustc\/|\/rustlib\/src\/|\/rust-deps\/|^\/rust\/deps\//;

const isRuntimeName = (name: string): boolean =>
  (NAMES_RUNTIME.test(name) && RUNTIME_NAME.test(ownName(name))) ||
  (RUST_RUNTIME_NAME.test(name) && !name.includes('('));

/** Somewhere in it; asked first, for few names have to be taken apart then. */
const NAMES_RUNTIME = /(?:std|__gnu_cxx|__cxxabiv1|alloc)::/;
const RUNTIME_NAME = new RegExp(`^<?${NAMES_RUNTIME.source}`);

/** Rust's core and what its std is built of; a function in a namespace of C++ has parameters behind its name. */
const RUST_RUNTIME_NAME = /^<?(?:core|hashbrown|gimli|addr2line|object|miniz_oxide|rustc_demangle)::/;
