/**
 * Whole sessions with AArch64 programs: cross-compiled, run under qemu-user with the AArch64 shim, read by this
 * machine's daemon. Counts are held against the independent counting preload, lines against the sources. Part of
 * `make test-all`, where the compiler and qemu are installed.
 *
 * Forks are left out: qemu-user says yes to MADV_WIPEONFORK and MADV_DONTFORK and does neither.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { newFolder } from '../folders.js';
import { ROOT } from '../places.js';
import { installed, patience, where } from '../where.js';
import { type Ran, run, snapshotOf, type Traced, trace } from './harness.js';

const when = where(patience, installed('aarch64-linux-gnu-gcc', 'aarch64-linux-gnu-g++', 'qemu-aarch64'));

const QEMU = ['qemu-aarch64', '-cpu', 'max', '-L', '/usr/aarch64-linux-gnu'];
const SHIM = join(ROOT, 'build/aarch64/libmemtrace.so');

const build = (source: string, ...flags: readonly string[]): string => {
  const out = join(newFolder(), basename(source).replace(/\.[^.]*$/, ''));
  const compiler = source.endsWith('.cpp') ? 'aarch64-linux-gnu-g++' : 'aarch64-linux-gnu-gcc';
  execFileSync(compiler, [join(ROOT, source), '-g', '-o', out, '-pthread', '-ldl', ...flags]);
  return out;
};

/** The session's shim is replaced by the AArch64 one before qemu starts, which is itself not traced. */
const START =
  'ln -sfn "$0" "$LD_PRELOAD" && shim=$LD_PRELOAD && exec "$@" -E LD_PRELOAD="$shim" $PROGRAM $ARGUMENTS';

const traceThere = (program: string, ...args: readonly string[]): Promise<Traced> =>
  trace(['sh', '-c', START, SHIM, ...QEMU], ['-q', `--only=${basename(program)}`], {
    env: { PROGRAM: program, ARGUMENTS: args.join(' ') },
  });

const countThere = async (
  program: string,
  ...args: readonly string[]
): Promise<Ran & { readonly allocations: number; readonly frees: number }> => {
  const preload = build('test/programs/preload/libcount.c', '-O2', '-fPIC', '-shared');
  const counts = join(newFolder(), 'counts');
  const environment = ['-E', `LD_PRELOAD=${preload}`, '-E', `COUNT_OUT=${counts}`];
  const ran = await run([...QEMU, ...environment, program, ...args]);
  const text = readFileSync(counts, 'utf8');
  const of = (field: string): number => Number(new RegExp(` ${field}=(\\d+)`).exec(text)?.[1]);
  const sum = (...fields: readonly string[]): number => fields.reduce((all, field) => all + of(field), 0);
  return {
    ...ran,
    allocations: sum('malloc', 'calloc', 'realloc0', 'realloc', 'aligned'),
    frees: sum('free', 'realloc'),
  };
};

const isCountedRight = async (t: ExecutionContext, program: string, ...args: readonly string[]) => {
  const counted = await countThere(program, ...args);
  const traced = await traceThere(program, ...args);
  t.is(traced.code, 0);
  t.is(traced.stdout, counted.stdout);
  const { process: of, capture } = snapshotOf(traced);
  t.is(of.command[0], program);
  t.true(counted.allocations > 1_000, 'the program was to allocate');
  t.is(capture.allocations, counted.allocations);
  t.is(capture.frees, counted.frees);
  t.is(capture.lost + capture.unknownFrees + capture.truncatedStacks, 0);
  return snapshotOf(traced);
};

const programs: readonly (readonly [what: string, source: string, ...args: readonly string[]])[] = [
  ['a thread that allocates as fast as it can', 'storm.c', '1', '0.2'],
  ['two of them', 'storm.c', '2', '0.1'],
  ['one thread that frees what another allocates', 'xthread.c', '0.2'],
  ['maps, strings and shared pointers', 'cpptree.cpp', '5'],
  ['thirty-two threads that come and go', 'crowd.c', '32'],
];

for (const [what, source, ...args] of programs)
  for (const level of ['-O0', '-O2'])
    when(`every allocation on AArch64 is counted: ${what}, built with ${level}`, async (t) => {
      await isCountedRight(t, build(`test/programs/${source}`, level, '-fno-builtin'), ...args);
    });

for (const flags of [['-O0'], ['-O2'], ['-O2', '-mbranch-protection=standard']])
  when(`leaks on AArch64 have their lines, built with ${flags.join(' ')}`, async (t) => {
    const program = build('test/programs/leaky.c', '-fno-builtin', ...flags);
    const { frames, stacks, sites } = await isCountedRight(t, program, '1000');
    /** The blocks that live at its end, by the line that asked for them. */
    const live: Record<number, number> = {};
    for (const { stack, liveBlocks } of sites) {
      const frame = frames[stacks[stack].frame];
      if (frame.file?.endsWith('leaky.c') && frame.line && liveBlocks)
        live[frame.line] = (live[frame.line] ?? 0) + liveBlocks;
    }
    t.deepEqual(live, { 8: 1000, 9: 500, 10: 100 });
  });

for (const level of ['-O0', '-O2'])
  when(`an interrupted stub of the linkage table is a frame among others, built with ${level}`, async (t) => {
    const program = build('test/programs/unwind/stub.cpp', level);
    const { frames, stacks, sites } = snapshotOf(await traceThere(program));
    /** The stacks of the handler's blocks, outermost frame first, from main on. */
    const found = new Map<string, number>();
    for (const { stack, totalBlocks } of sites) {
      const names: string[] = [];
      for (let at = stack; at >= 0; at = stacks[at].parent)
        names.unshift(frames[stacks[at].frame].function ?? '?');
      if (!names.at(-1)?.includes('strike')) continue;
      const path = names.slice(names.indexOf('main') + 1, -1).join(' ');
      found.set(path, (found.get(path) ?? 0) + totalBlocks);
    }
    // Of unknown name: the kernel's trampoline, qemu's here.
    const expected = ['head', 'stub'].flatMap((name) =>
      [1, 2, 3, 4, 5].map((calls) => `${`(anonymous namespace)::call_${name} `.repeat(calls)}${name} ?`),
    );
    t.deepEqual([...found].sort(), expected.map((path) => [path, 20] as const).sort());
  });
