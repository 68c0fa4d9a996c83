/** Other allocators, operators of C++, and sizes that nobody expects. */
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { allocatorNotes } from '../../daemon/live/allocators.js';
import { newFolder } from '../folders.js';
import { ROOT } from '../places.js';
import { where } from '../where.js';
import { build, exact, run, type Setting, type Traced, trace } from './support.js';

const COUNT = 400;
const LIBRARIES = '/usr/lib/x86_64-linux-gnu';
/** Mimalloc ends the program where `new` fails. */
const environment = (name: string) => (name.startsWith('libmi') ? { NEW_ABORTS: '1' } : {});
const allocators = ['libjemalloc.so.2', 'libtcmalloc_minimal.so.4', 'libmimalloc.so.2'];

/** Operators.cpp says for each size how many blocks it took and how many it kept. */
const asItSaid = (t: ExecutionContext, { main, stdout }: Traced): void => {
  const lines = stdout.trim().split('\n');
  t.is(lines.length, 14);
  for (const line of lines) {
    const [size, total, live] = line.split(' ').map(Number) as [number, number, number];
    const sites = main.sites.filter(
      ({ kind, totalBytes, totalBlocks }) => kind === 'heap' && totalBytes === totalBlocks * size,
    );
    const sum = (field: 'totalBlocks' | 'liveBlocks'): number =>
      sites.reduce((all, site) => all + site[field], 0);
    t.deepEqual({ size, total: sum('totalBlocks'), live: sum('liveBlocks') }, { size, total, live });
  }
  t.is(main.capture.unknownFrees, 0);
  t.is(main.capture.lost, 0);
};

const unchangedAndAsItSaid = async (
  t: ExecutionContext,
  command: readonly string[],
  setting: Setting = {},
): Promise<Traced> => {
  const bare = await run(command, setting);
  const traced = await trace(command, setting);
  const { code, stdout, stderr } = traced;
  t.deepEqual({ code, stdout, stderr }, bare);
  asItSaid(t, traced);
  return traced;
};

test('operator new and delete of libstdc++ are counted once, and exceptions pass', async (t) => {
  const { main } = await unchangedAndAsItSaid(t, [await build('operators.cpp'), String(COUNT)]);
  const [site] = main.sites.filter(({ totalBytes }) => totalBytes === COUNT * 10_001);
  const names: (string | null | undefined)[] = [];
  for (let at = site?.stack ?? -1; at >= 0; at = main.stacks[at]?.parent ?? -1)
    names.push(main.frames[main.stacks[at]?.frame ?? -1]?.function);
  t.regex(names[0] ?? '', /^operator new/); // of libstdc++: no frame of ours
});

for (const name of allocators) {
  const library = `${LIBRARIES}/${name}`;
  const present = where({ what: name, isThere: existsSync(library) });
  present(`${name} preloaded: malloc and every operator are counted exactly`, async (t) => {
    const program = await build('operators.cpp');
    await unchangedAndAsItSaid(t, [program, String(COUNT)], {
      env: { ...environment(name), LD_PRELOAD: library },
    });
  });
  present(`${name} linked to: malloc and every operator are counted exactly`, async (t) => {
    const program = await build('operators.cpp', `operators-${name}`, '-Wl,--no-as-needed', library);
    await unchangedAndAsItSaid(t, [program, String(COUNT)], { env: environment(name) });
  });
}

test('a C++ library that a C program loads for itself finds its operators', async (t) => {
  const library = await build('operators.cpp', 'liboperators.so', '-DPLUGIN', '-shared', '-fPIC');
  await unchangedAndAsItSaid(t, [await build('plugin_host.c'), String(COUNT), library]);
});

test('operators of the program’s own stand on malloc, which is counted', async (t) => {
  const extra = join(ROOT, 'test/programs/hostile/own_operators.cpp');
  const program = await build('operators.cpp', 'own-operators', extra);
  await exact(t, [program, String(COUNT)]);
});

test('a program that is built anew under its old name is asked for its allocator anew', async (t) => {
  const path = join(newFolder(), 'program');
  copyFileSync('/bin/true', path);
  t.deepEqual(allocatorNotes(path), []);
  rmSync(path);
  t.deepEqual(allocatorNotes(path), []);
  copyFileSync(await build('own_malloc.c'), path);
  t.regex(allocatorNotes(path).join(), /^program has a malloc of its own/);
});

test('a program with a malloc of its own runs as ever, and the report says why it is empty', async (t) => {
  const program = await build('own_malloc.c');
  const { code, stdout, stderr, main } = await trace([program]);
  t.deepEqual({ code, stdout, stderr }, { code: 3, stdout: 'done\n', stderr: '' });
  t.true(
    main.notes?.some((note) => /malloc of its own/.test(note)),
    JSON.stringify(main.notes),
  );
});

test('a program whose own malloc maps memory under its lock before any constructor ran (rustc, cargo build): no deadlock', async (t) => {
  const { code, stdout, stderr } = await trace([await build('locked_malloc.c')], { limitMs: 20_000 });
  t.deepEqual({ code, stdout, stderr }, { code: 3, stdout: 'done\n', stderr: '' });
});

for (const [title, name] of [
  ['sizes of 0 and of 4 GiB and more, all alignments', 'extremes'],
  ['allocations that cannot succeed', 'failures'],
  ['an address space that is full', 'limited'],
  ['a program that limits its address space to 64 MiB', 'limited-closely'],
  ['a program that limits its private memory', 'limited-data'],
  ['a program that keeps all its memory locked', 'locked'],
] as const)
  test(`${title}: the program sees what it sees untraced, and all is counted`, async (t) => {
    await exact(t, [await build('sizes.c'), name]);
  });

// Without the witness, which has memory of its own.
test('a program that may lock 12 MiB and locks all it has: it succeeds, and all is counted', async (t) => {
  const command = [await build('sizes.c'), 'locked-by-a-user'];
  const bare = await run(command);
  const { code, stdout, main } = await trace(command);
  t.deepEqual({ code, stdout }, { code: bare.code, stdout: bare.stdout });
  t.true(main.capture.allocations >= 1000);
  t.is(main.capture.lost, 0);
});

for (const [title, name, env] of [
  ['a double free', 'double-free', {}],
  [
    'a block that was overrun, under MALLOC_CHECK_',
    'checked',
    { MALLOC_CHECK_: '3', LD_PRELOAD: 'libc_malloc_debug.so.0' },
  ],
] as const)
  test(`${title} ends in the allocator’s own words`, async (t) => {
    const command = [await build('sizes.c'), name];
    const bare = await run(command, { env });
    const { code, stdout, stderr } = await trace(command, { env });
    t.deepEqual({ code, stdout, stderr }, bare);
    t.is(code, 134);
  });
