/** Beginnings and ends of processes and threads. */
import test from 'ava';
import { residentOf } from '../../daemon/live/resident.js';
import { start } from '../launcher/support.js';
import { patience, SLOW, where } from '../where.js';
import { build, exact, trace, unchanged } from './support.js';

const program =
  (source: string) =>
  async (name: string, count: number): Promise<readonly string[]> => [
    await build(source),
    name,
    String(count),
  ];
const ends = program('ends.c');
const children = program('children.c');
const threads = program('threads.c');

const cases: readonly (readonly [
  title: string,
  program: typeof ends,
  name: string,
  count: number,
  processes: number,
])[] = [
  ['before main, in atexit and in destructors', ends, 'all-stages', 100, 1],
  ['an end by exit', ends, 'exit', 5000, 1],
  ['an end by _exit', ends, '_exit', 5000, 1],
  ['an end by a bare system call', ends, 'syscall', 5000, 1],
  ['an end by quick_exit, with its handlers', ends, 'quick_exit', 5000, 1],
  ['an end by abort', ends, 'abort', 5000, 1],
  ['an end by a wild pointer', ends, 'segv', 5000, 1],
  ['a handler of SIGSEGV that allocates', ends, 'handled-segv', 5000, 1],
  ['an end by kill -9', ends, 'kill', 5000, 1],
  ['a main thread that ends before the others', ends, 'thread-exit', 5000, 1],
  ['fork while other threads allocate', children, 'fork-among-threads', 20, 21],
  ['fork without the C library', children, 'raw-fork', 20, 21],
  ['a daemon by double fork', children, 'daemonize', 500, 3],
  ['60 generations of processes, none larger than the one before', children, 'generations', 60, 61],
  ['300 short processes', children, 'short-processes', 300, 301],
  ['2,000 short threads, with destructors of their data', threads, 'short-threads', 2000, 1],
  ['300 threads at once', threads, 'threads-at-once', 300, 1],
  ['threads that are cancelled', threads, 'cancels', 100, 1],
];
for (const [title, command, name, count, processes] of cases)
  test(`${title}: unharmed, and counted exactly`, async (t) => {
    const { snapshots } = await exact(t, await command(name, count));
    t.is(snapshots.length, processes);
  });

// What runs between vfork and exec is the parent's, and the shells' environments come and go.
for (const [title, name, count, images] of [
  ['vfork and exec', 'vfork', 20, 21],
  ['posix_spawn, system and popen, also with an empty environment', 'spawns', 5, 21],
  ['exec with an empty environment', 'cleared-environment', 100, 3],
] as const)
  test(`${title}: the children are traced`, async (t) => {
    const { snapshots } = await unchanged(t, await children(name, count));
    t.is(snapshots.length, images);
    for (const { capture } of snapshots) t.is(capture.lost + capture.unknownFrees, 0);
  });

test('a program whose main thread has ended has the memory of the others, while it runs and at its end', async (t) => {
  const [file = '', ...args] = await ends('main-is-gone', 100);
  const running = start(file, args);
  await running.said(/alone/);
  const resident = residentOf(running.pid);
  running.process.stdin?.end();
  t.is((await running.outcome).code, 7);
  t.true((resident?.bytes ?? 0) > 1 << 20 && (resident?.peakBytes ?? 0) > 1 << 20);
  const { code, main } = await trace([file, ...args]);
  t.is(code, 7);
  t.true((main.totals.rssBytes ?? 0) > 1 << 20);
});

test('a thread whose vfork child allocates first: it shares its ring with no other thread', async (t) => {
  const { main } = await unchanged(t, await children('vfork-first', 300_000));
  t.is(main.capture.lost, 2);
  t.is(main.capture.unknownFrees, 0);
});

test('threads that fork at the same moment: each child is told what it inherited', async (t) => {
  const { snapshots } = await trace(await children('forks-at-once', 75));
  t.is(snapshots.length, 301);
  const told = snapshots.filter(({ process }) => (process.inherited?.blocks ?? 0) >= 25);
  t.is(told.length, 300);
});

test('a crash handler on an alternate stack of 8,192 bytes that runs a program: it runs', async (t) => {
  const { code, snapshots } = await trace(await children('crash-reporter', 8192));
  t.is(code, 9);
  t.is(snapshots.length, 3);
});

// Which blocks are still the call's own when the fork comes is not the same for each child.
test('a handler that forks in the middle of malloc and returns: each child goes on', async (t) => {
  const stride = SLOW ? '1' : '97';
  const { main } = await unchanged(t, [await build('fork_inside.c'), stride], { limitMs: 290_000 });
  t.is(main.capture.lost + main.capture.unknownFrees, 0);
});

test('of thousands of threads the busiest are named, and all are counted', async (t) => {
  const { main } = await trace(await threads('short-threads', 1500));
  t.is(main.threads.length, 1001);
  t.regex(main.threads.at(-1)?.name ?? '', /^\d+ more threads$/);
  const sum = main.threads.reduce((all, { allocations = 0 }) => all + allocations, 0);
  t.is(sum, main.capture.allocations);
});
where(patience)('10,000 short processes', async (t) => {
  const { snapshots } = await exact(t, await children('short-processes', 10_000), { limitMs: 290_000 });
  t.is(snapshots.length, 10_001);
});
where(patience)('10,000 short threads and 2,000 at once', async (t) => {
  await exact(t, await threads('short-threads', 10_000));
  await exact(t, await threads('threads-at-once', 2000));
});
