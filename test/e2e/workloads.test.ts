/** Programs that say what they did: the report must say the same, line by line, to the byte. */
import test from 'ava';
import { bare, counting, lineOf, programPath, rowAt, sum, type Traced, traced } from './memtrace.js';

/** "expect mallocs=4 frees=4" → {mallocs: 4, frees: 4} */
const stated = ({ stderr }: { readonly stderr: string }): Readonly<Record<string, number>> =>
  Object.fromEntries([...stderr.matchAll(/(\w+)=(\d+)/g)].map(([, name, value]) => [name, Number(value)]));

const ownRows = (run: Traced) => run.report.rows.filter(({ user }) => user);
const apartRows = (run: Traced) => run.report.rows.filter(({ user }) => !user);

/** The same run, counted behind the shim by code that is not memtrace's. */
const tracedAndCounted = async (...command: readonly string[]) => {
  const { env, counts } = counting();
  const run = await traced(command, { env });
  const [counted] = counts();
  if (!counted) throw new Error('the counting preload was not there');
  return { run, counted };
};

for (const threads of [1, 2])
  test(`a storm of short-lived blocks in ${threads} thread(s): not one is missed, each is on its line`, async (t) => {
    const { run, counted } = await tracedAndCounted(programPath('storm'), String(threads), '0.2');
    const { mallocs = -1, frees } = stated(run);
    t.is(mallocs, threads * 200_000);
    const apart = threads === 1 ? 0 : threads; // the thread-local storage of each new thread
    t.is(run.snapshot.capture.allocations, mallocs + apart);
    t.is(run.snapshot.capture.frees, frees);
    t.is(run.snapshot.totals.totalBytes, counted.bytes);
    t.is(run.snapshot.totals.temporaryBlocks, mallocs);
    for (const size of ['malloc(16+', 'malloc(32+', 'malloc(64+', 'malloc(128+']) {
      const row = rowAt(run, 'storm.c', lineOf('storm.c', size));
      t.is(row?.totalBlocks, mallocs / 4);
      t.is(row?.temporaryBlocks, mallocs / 4);
      t.is(row?.liveBlocks, 0);
    }
    t.is(ownRows(run).length, 4);
    t.is(sum(apartRows(run), 'totalBlocks'), apart);
    t.is(sum(apartRows(run), 'totalBytes') + sum(ownRows(run), 'totalBytes'), counted.bytes);
    t.is(run.snapshot.capture.lost + run.snapshot.capture.unknownFrees, 0);
  });

test('blocks that another thread frees are freed, and are nobody’s temporary ones', async (t) => {
  const { run, counted } = await tracedAndCounted(programPath('xthread'), '0.1');
  const { mallocs = -1, frees } = stated(run);
  const row = rowAt(run, 'xthread.c', lineOf('xthread.c', 'malloc(24+'));
  t.is(row?.totalBlocks, mallocs);
  t.is(row?.totalBytes, counted.bytes - sum(apartRows(run), 'totalBytes'));
  t.is(row?.liveBlocks, 0);
  t.is(run.snapshot.capture.frees, frees);
  t.is(run.snapshot.capture.unknownFrees, 0);
  t.is(run.snapshot.totals.temporaryBlocks, 0);
  t.is(sum(apartRows(run), 'liveBlocks'), 2); // the thread-local storage of the two
  const [producer, consumer] = run.snapshot.threads.slice(1);
  t.is(producer?.allocations, mallocs);
  t.is(consumer?.frees, frees);
});

test('many live blocks, freed in random order: each is known until its end', async (t) => {
  const { run, counted } = await tracedAndCounted(programPath('live'), '0.05');
  const { mallocs = -1, frees } = stated(run);
  t.is(run.snapshot.capture.allocations, mallocs);
  t.is(run.snapshot.capture.frees, frees);
  t.is(run.snapshot.totals.liveBlocks, 0);
  t.is(run.snapshot.totals.totalBytes, counted.bytes);
  t.is(run.snapshot.totals.peakBytes, counted.bytes); // nothing is freed before everything is there
  t.is(sum(ownRows(run), 'peakBytes'), counted.bytes);
  t.is(run.snapshot.totals.temporaryBlocks, 1); // the last one made
  t.is(rowAt(run, 'live.c', lineOf('live.c', 'tab=malloc(n'))?.totalBytes, (mallocs - 1) * 8);
  const small = rowAt(run, 'live.c', lineOf('live.c', 'malloc(8)'));
  t.is(small?.totalBytes, 8 * (small?.totalBlocks ?? -1));
});

test('leaks are told by the line that made them, to the block and the byte', async (t) => {
  const { run } = await tracedAndCounted(programPath('leaky'), '5000');
  const { mallocs = -1, bytes, a = -1, b = -1, c = -1 } = stated(run);
  const line = (text: string) => {
    const { liveBlocks, liveBytes, totalBlocks, temporaryBlocks } =
      rowAt(run, 'leaky.c', lineOf('leaky.c', text)) ?? {};
    return { liveBlocks, liveBytes, totalBlocks, temporaryBlocks };
  };
  t.deepEqual(line('malloc(64)'), { liveBlocks: a, liveBytes: a * 64, totalBlocks: a, temporaryBlocks: 0 });
  t.deepEqual(line('calloc(2,64)'), {
    liveBlocks: b,
    liveBytes: b * 128,
    totalBlocks: b,
    temporaryBlocks: 0,
  });
  // Each reallocation is a free and an allocation: twice the blocks that the program states, none temporary.
  t.deepEqual(line('realloc(malloc(10)'), {
    liveBlocks: c,
    liveBytes: c * 1000,
    totalBlocks: 2 * c,
    temporaryBlocks: 0,
  });
  t.deepEqual(line('p=malloc(48)'), {
    liveBlocks: 0,
    liveBytes: 0,
    totalBlocks: 50_000,
    temporaryBlocks: 50_000,
  });
  t.is(run.snapshot.totals.liveBytes, bytes);
  t.is(run.snapshot.totals.liveBlocks, a + b + c);
  t.is(run.snapshot.capture.allocations, mallocs + c);
  t.is(run.snapshot.capture.frees, mallocs - a - b);
});

test('a C++ program of maps, strings and shared pointers: counted as others count it, its output its own', async (t) => {
  const { run, counted } = await tracedAndCounted(programPath('cpptree'), '20');
  t.is(run.stdout, (await bare([programPath('cpptree'), '20'])).stdout);
  t.is(run.snapshot.capture.allocations, counted.allocations);
  t.is(run.snapshot.capture.frees, counted.frees);
  t.is(run.snapshot.totals.totalBytes, counted.bytes);
  t.is(sum(ownRows(run), 'liveBlocks'), 0);
  // What stays is the runtime's: the emergency pool of exceptions, the buffer of stdout.
  t.is(sum(apartRows(run), 'liveBlocks'), 2);
});
