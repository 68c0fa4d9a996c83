/** One process while it runs and after its end, from a core whose figures the test sets. */
import test from 'ava';
import type { Core, ProcessRecord, ThreadRecord } from '../../daemon/core.js';
import { trackProcess } from '../../daemon/live/process.js';
import type { Symbolizer } from '../../daemon/symbols/symbolizer.js';
import { PROCESS_ENDED, PROCESS_RUNNING } from '../../proto/generated/layout.js';
import { makeFigures, sumSites } from '../../views/sites.js';

/** A process of one site and a symbolizer that gives names when the test says so. */
const world = () => {
  const made = { blocks: 1, nowMs: 5000, endedNs: 0 };
  const record = (): ProcessRecord => {
    const { blocks, endedNs } = made;
    const counts = {
      allocations: blocks,
      liveBlocks: blocks,
      liveBytes: 10 * blocks,
      totalBytes: 10 * blocks,
    };
    return { ...NOTHING, ...counts, endedNs, peakBytes: 10 * blocks };
  };
  const table = () => {
    const figures = makeFigures(1);
    const { blocks } = made;
    figures.counters.set([10 * blocks, blocks, 10 * blocks, blocks, 10 * blocks, blocks, 0]);
    return { ...figures, node: new Uint32Array(1), record: record() };
  };
  const one = Float64Array.of(1);
  const none = new Float64Array(0);
  const core: Partial<Core> = {
    info: () => ({ executable: '/nowhere/app', command: ['app'] }),
    nowMs: () => made.nowMs,
    atOnce: (ask) => ask(),
    process: record,
    sites: table,
    places: () => ({
      count: 1,
      module: Uint32Array.of(0),
      lookup: one,
      offset: one,
      code: new Uint32Array(1),
    }),
    modules: (_, from) =>
      [{ base: 0, end: 1, bias: 0, gone: false, path: '/nowhere/app', buildId: null }].slice(from),
    pythonCodes: () => new Uint8Array(0),
    namePlaces: () => 0,
    growStacks: () => 0,
    stacksOf: (_, nodes) => new Int32Array(nodes.length),
    threads: () => [Object.assign({} as ThreadRecord, { allocations: made.blocks })],
    sizes: () => [{ totalBlocks: made.blocks, totalBytes: 10 * made.blocks, liveBlocks: 0, liveBytes: 0 }],
    largestBlocks: () => ({
      count: 0,
      address: none,
      size: none,
      bornNs: none,
      stack: new Uint32Array(0),
      kind: new Uint32Array(0),
    }),
  };
  let giveNames = (): void => {};
  let wantNames = (): void => {};
  const namesAreWanted = new Promise<void>((resolve) => {
    wantNames = resolve;
  });
  const named = new Promise<void>((resolve) => {
    giveNames = resolve;
  });
  const symbolizer: Partial<Symbolizer> = {
    hold: () => {},
    lookup: async (_, addresses) => {
      wantNames();
      await named;
      return addresses.map(() => []);
    },
    problems: () => [],
  };
  const process = trackProcess(core as Core, symbolizer as Symbolizer, record());
  const goOn = (): void => {
    made.blocks += 100;
    process.observe(record());
  };
  const end = (endedMs: number): void => {
    made.endedNs = endedMs * 1e6;
    process.observe({ ...record(), state: PROCESS_ENDED });
  };
  return { process, made, goOn, end, namesAreWanted, giveNames };
};

const NOTHING = Object.assign({} as ProcessRecord, {
  index: 0,
  pid: 0x7fffffff,
  state: PROCESS_RUNNING,
  startedNs: 1e9,
  frees: 0,
  maps: 0,
  unmaps: 0,
  pythonAllocations: 0,
  pythonLiveBlocks: 0,
  temporaryBlocks: 0,
});

test('what a program allocates while the names of a snapshot are looked up is in neither its sites nor its totals', async (t) => {
  const { process, goOn, namesAreWanted, giveNames } = world();
  const asked = process.snapshot(0);
  await namesAreWanted;
  goOn();
  giveNames();
  const { sites, totals, capture } = await asked;
  const sum = sumSites(sites, 'heap');
  t.deepEqual(
    [totals.liveBytes, totals.liveBlocks, totals.totalBytes, totals.totalBlocks, totals.peakBytes],
    [sum.liveBytes, sum.liveBlocks, sum.totalBytes, sum.totalBlocks, sum.peakBytes],
  );
  t.is(capture.allocations, sum.totalBlocks);
});

test('the threads and sizes of a running program add up to its totals, also where its snapshot had to wait', async (t) => {
  const { process, goOn, namesAreWanted, giveNames } = world();
  const before = process.profile.refresh();
  await namesAreWanted;
  const asked = process.snapshot(0);
  goOn();
  giveNames();
  await before;
  const { threads, sizes, totals } = await asked;
  t.is(totals.totalBlocks, 101);
  t.is(threads[0].allocations, totals.totalBlocks);
  t.is(sizes[0].blocks, totals.totalBlocks);
});

test('a process that has ended does not get older', (t) => {
  const { process, made, end } = world();
  t.is(process.live().elapsedMs, 4000);
  made.nowMs = 9000;
  end(6000);
  t.is(process.live().elapsedMs, 5000);
});

test('a snapshot is taken at the time of the clock that the program was started by, whatever somebody sets it to', async (t) => {
  const { process, giveNames } = world();
  giveNames();
  const { startedAt, takenAt } = (await process.snapshot(0)).process;
  t.deepEqual([startedAt, takenAt], ['1970-01-01T00:00:01.000Z', '1970-01-01T00:00:05.000Z']);
});
