/** Snapshots of a process that goes on while they are made, from a core whose figures the test sets. */
import test from 'ava';
import type { Core, ProcessRecord } from '../../daemon/core.js';
import { trackProcess } from '../../daemon/live/process.js';
import type { Symbolizer } from '../../daemon/symbols/symbolizer.js';
import { MODULE_NONE, PROCESS_RUNNING } from '../../proto/generated/layout.js';
import { makeFigures, sumSites } from '../../views/sites.js';

/** A process of one site and a symbolizer that gives names when the test says so. */
const world = () => {
  const made = { blocks: 1 };
  const record = (): ProcessRecord => {
    const { blocks } = made;
    const counts = {
      allocations: blocks,
      liveBlocks: blocks,
      liveBytes: 10 * blocks,
      totalBytes: 10 * blocks,
    };
    return { ...NOTHING, ...counts, peakBytes: 10 * blocks };
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
    nowMs: () => 5000,
    process: record,
    sites: table,
    places: () => ({
      count: 1,
      module: Uint32Array.of(MODULE_NONE),
      lookup: one,
      offset: one,
      code: new Uint32Array(1),
    }),
    modules: () => [],
    pythonCodes: () => new Uint8Array(0),
    namePlaces: () => 0,
    growStacks: () => 0,
    stacksOf: (_, nodes) => new Int32Array(nodes.length),
    threads: () => [],
    sizes: () => [],
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
  const named = new Promise<void>((resolve) => {
    giveNames = resolve;
  });
  const symbolizer: Partial<Symbolizer> = {
    lookup: async (_, addresses) => {
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
  return { process, goOn, giveNames };
};

const NOTHING = Object.assign({} as ProcessRecord, {
  index: 0,
  pid: 0x7fffffff,
  state: PROCESS_RUNNING,
  startedNs: 1e9,
  endedNs: 0,
  frees: 0,
  maps: 0,
  unmaps: 0,
  pythonAllocations: 0,
  pythonLiveBlocks: 0,
  temporaryBlocks: 0,
});

test('what a program allocates while the names of a snapshot are looked up is in neither its sites nor its totals', async (t) => {
  const { process, goOn, giveNames } = world();
  const asked = process.snapshot(0);
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
