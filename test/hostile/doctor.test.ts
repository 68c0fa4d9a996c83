/** `memtrace doctor`: what is said before a program runs is what happens when it does. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { examine, limitsOf, lookAround } from '../../daemon/doctor/examine.js';
import { newFolder } from '../folders.js';
import { MEMTRACE } from '../places.js';
import { build, run } from './support.js';

interface Finding {
  readonly weight: string;
  readonly topic: string;
  readonly text: string;
  readonly remedy: string | null;
}

const doctor = async (program: string) => {
  const { code, stdout } = await run([MEMTRACE, 'doctor', '--json', program]);
  const { traced, findings } = JSON.parse(stdout) as { traced: boolean; findings: readonly Finding[] };
  return { code, traced, of: (topic: string) => findings.find((each) => each.topic === topic) };
};

test('an ordinary program: all is well', async (t) => {
  const { code, traced, of } = await doctor(await build('sizes.c'));
  t.deepEqual({ code, traced }, { code: 0, traced: true });
  for (const topic of ['program', 'allocator', 'names', 'stacks']) t.is(of(topic)?.weight, 'ok');
});

test('a static program is refused with the reason and a remedy', async (t) => {
  const program = await build('own_malloc.c', 'static', '-static');
  const { code, traced, of } = await doctor(program);
  t.deepEqual({ code, traced }, { code: 1, traced: false });
  t.regex(of('program')?.text ?? '', /statically linked/);
  t.regex(of('program')?.remedy ?? '', /[Ll]ink it dynamically/);
  t.regex((await run([MEMTRACE, 'run', '--', program])).stderr, /statically linked/); // `run` says the same
});

test('a shared library is called one, a static-pie program is not', async (t) => {
  const { code, of } = await doctor(await build('own_malloc.c', 'library.so', '-shared', '-fPIC'));
  t.is(code, 1);
  t.regex(of('program')?.text ?? '', /it is a shared library, not a program/);
  t.notRegex(of('program')?.text ?? '', /static/);
  const still = await doctor(await build('own_malloc.c', 'static-pie', '-static-pie', '-fPIE'));
  t.regex(still.of('program')?.text ?? '', /statically linked/);
});

test('a malloc inside the executable is told before it is missed', async (t) => {
  const { code, of } = await doctor(await build('own_malloc.c'));
  t.is(code, 1);
  t.regex(of('allocator')?.text ?? '', /malloc of its own/);
});

test('a stripped program: what its stacks will look like, and how to mend it', async (t) => {
  const copy = join(newFolder(), 'stripped');
  copyFileSync(await build('sizes.c'), copy);
  execFileSync('strip', [copy]);
  const { code, of } = await doctor(copy);
  t.is(code, 0);
  t.is(of('names')?.weight, 'note');
  t.regex(of('names')?.text ?? '', /offsets instead of names/);
  t.regex(of('names')?.remedy ?? '', /-g/);
});

test('a program without unwind information', async (t) => {
  const program = await build('sizes.c', 'no-unwind', '-Wl,--no-eh-frame-hdr');
  t.regex((await doctor(program)).of('stacks')?.text ?? '', /frame pointers/);
});

test('a script: what is traced is its interpreter', async (t) => {
  const script = join(newFolder(), 'script');
  writeFileSync(script, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  const { code, of } = await doctor(script);
  t.is(code, 0);
  t.regex(of('script')?.text ?? '', /\/bin\/sh/);
});

test('a sanitized program, one that does not exist, and one that is cut off', async (t) => {
  const sanitized = await build('own_malloc.c', 'sanitized', '-fsanitize=address', '-DSKIP');
  t.regex((await doctor(sanitized)).of('program')?.text ?? '', /sanitizer/);
  const missing = await run([MEMTRACE, 'doctor', 'no-such-program']);
  t.is(missing.code, 1);
  t.regex(missing.stderr, /cannot find no-such-program/);
  const cut = join(newFolder(), 'cut');
  writeFileSync(cut, Buffer.from('7f454c4602010100', 'hex'), { mode: 0o755 });
  const empty = join(newFolder(), 'empty');
  writeFileSync(empty, '', { mode: 0o755 });
  for (const program of [cut, empty]) {
    const { code, of } = await doctor(program);
    t.is(code, 1);
    t.regex(of('program')?.text ?? '', /no program that the system can run/);
  }
});

test('a file that is not executable and a folder are not called missing', async (t) => {
  const folder = newFolder();
  const plain = join(folder, 'plain');
  writeFileSync(plain, '', { mode: 0o644 });
  t.regex((await run([MEMTRACE, 'doctor', plain])).stderr, /It is not executable[\s\S]*chmod \+x/);
  t.regex((await run([MEMTRACE, 'doctor', folder])).stderr, /It is a folder/);
});

test('the C library itself, which can be run, has no sanitizer', async (t) => {
  const [libc = ''] =
    /\/\S*libc\.so\.6/.exec(execFileSync('ldd', [process.execPath], { encoding: 'utf8' })) ?? [];
  const { of } = await doctor(libc);
  t.truthy(of('program'));
  t.notRegex(of('program')?.text ?? '', /sanitizer/);
});

test('a file that another package moved away is not called a package named diversion', async (t) => {
  t.notRegex((await doctor('/bin/sh')).of('names')?.remedy ?? '', /diversion/);
});

test('an old glibc is not said to cut every stack', (t) => {
  const verdict = { path: '/bin/sh', traced: true, reason: '', remedy: '', interpreter: null };
  const libcOf = (glibc: string) =>
    examine(verdict, { ...lookAround(), glibc }).find(({ topic }) => topic === 'libc');
  t.is(libcOf('2.36')?.weight, 'ok');
  t.is(libcOf('2.31')?.weight, 'note');
  t.regex(libcOf('2.31')?.text ?? '', /all but the first 500 libraries/);
});

test('limits are read as the kernel writes them', (t) => {
  const text =
    'Limit                     Soft Limit           Hard Limit           Units     \n' +
    'Max file size             4096                 unlimited            bytes     \n' +
    'Max address space         unlimited            unlimited            bytes     \n';
  t.deepEqual([...limitsOf(text)], [['Max file size', 4096]]);
});
