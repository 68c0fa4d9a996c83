/** What a process's profile shows at each look, from a core whose figures the test sets. */
import test from 'ava';
import type { Core, ModuleRecord, Places, ProcessRecord, SiteTable } from '../../daemon/core.js';
import { processProfile } from '../../daemon/profile/process.js';
import { nameStacks } from '../../daemon/profile/stacks.js';
import type { Symbolizer } from '../../daemon/symbols/symbolizer.js';
import { makeFigures } from '../../views/sites.js';

const NOTHING = {
  allocations: 0,
  frees: 0,
  maps: 0,
  unmaps: 0,
  pythonAllocations: 0,
  pythonLiveBlocks: 0,
};

const moduleOf = (path: string, end: number): ModuleRecord => ({
  ...{ base: 0, bias: 0, gone: false, buildId: null },
  ...{ path, end },
});

/** In the first module. */
const onePlace: Places = {
  count: 1,
  module: Uint32Array.of(0),
  lookup: Float64Array.of(1),
  offset: Float64Array.of(1),
  code: Uint32Array.of(0),
};

/** Sites at nodes that have no names, all of one stack. @param kinds of the sites, one for each */
const world = (kinds: readonly number[] = [0]) => {
  const counters = { ...NOTHING };
  const live = { bytes: 0 };
  const asked = { sites: 0 };
  let stacks = 0;
  const known: Partial<Core> = {
    atOnce: (ask) => ask(),
    process: () => ({ ...counters }) as ProcessRecord,
    sites: (): SiteTable => {
      asked.sites += 1;
      const figures = makeFigures(kinds.length);
      figures.kind.set(kinds);
      figures.liveBytes.fill(live.bytes);
      return { ...figures, node: new Uint32Array(kinds.length), record: { ...counters } as ProcessRecord };
    },
    places: (): Places => onePlace,
    modules: (_, from) => [moduleOf('/app', 1)].slice(from),
    pythonCodes: () => new Uint8Array(0),
    namePlaces: () => (stacks === 0 ? 1 : 0),
    growStacks: (_index, _first, parent, frame) => {
      const grown = stacks === 0 ? 1 : 0;
      parent.fill(-1, 0, grown);
      frame.fill(0, 0, grown);
      stacks += grown;
      return grown;
    },
    stacksOf: (_, nodes) => new Int32Array(nodes.length),
  };
  const lookup: Symbolizer['lookup'] = async (_, addresses) => addresses.map(() => []);
  const symbolizer = { lookup, hold: () => {} };
  const profile = processProfile(known as Core, symbolizer as unknown as Symbolizer, 0, 1);
  const fail = (once: Error): void => {
    symbolizer.lookup = async () => {
      symbolizer.lookup = lookup;
      throw once;
    };
  };
  return { counters, live, asked, profile, fail };
};

test('where nothing happened, a look is the one before', async (t) => {
  const { profile, asked } = world();
  const first = await profile.refresh();
  t.is(await profile.refresh(), first);
  t.is(asked.sites, 1);
});

test('whatever happens to a site is seen at the next look', async (t) => {
  const { profile, counters, live } = world();
  await profile.refresh();
  for (const [bytes, change] of [
    [10, { allocations: 1 }],
    [0, { frees: 1 }],
    [20, { maps: 1 }],
    [0, { unmaps: 1 }],
    [30, { pythonAllocations: 1, pythonLiveBlocks: 1 }],
    [0, { pythonLiveBlocks: 0 }],
    [40, { pythonAllocations: 2, pythonLiveBlocks: 1 }],
    // One ends and another begins.
    [50, { pythonAllocations: 3, pythonLiveBlocks: 1 }],
  ] as const) {
    Object.assign(counters, change);
    live.bytes = bytes;
    t.is((await profile.refresh()).sites.liveBytes[0], bytes, JSON.stringify(change));
  }
});

test('a look that fails does not make those fail that come after it', async (t) => {
  const { profile, fail } = world();
  fail(new Error('once'));
  const begun = profile.refresh();
  await Promise.resolve(); // it is under way
  const [first, second] = await Promise.allSettled([begun, profile.refresh()]);
  t.deepEqual([first.status, second.status], ['rejected', 'fulfilled']);
  const later = await Promise.allSettled([profile.refresh(), profile.refresh()]);
  t.deepEqual(
    later.map(({ status }) => status),
    ['fulfilled', 'fulfilled'],
  );
});

test('a stack that several nodes share is one site of each kind, and all of them when it is chosen', async (t) => {
  const { profile, live } = world([2, 0, 2, 2]);
  live.bytes = 10;
  const { sites } = await profile.refresh();
  t.is(sites.count, 2);
  t.deepEqual([...sites.kind.subarray(0, 2)], [2, 0]);
  t.deepEqual([...sites.liveBytes.subarray(0, 2)], [30, 10]);
  t.deepEqual([...profile.amongTheCores(Uint8Array.of(1, 0))], [1, 0, 1, 1]);
  t.deepEqual([...profile.amongTheCores(Uint8Array.of(0, 1))], [0, 1, 0, 0]);
});

test('a library that was seen while it was being recorded gets its name at the next look', (t) => {
  const all = [moduleOf('/first', 1), moduleOf('', 0), moduleOf('/third', 3)];
  const known: Partial<Core> = { modules: (_, from) => all.slice(from) };
  const held: string[] = [];
  const hold: Symbolizer['hold'] = ({ path }) => held.push(path);
  const named = nameStacks(known as Core, { hold } as unknown as Symbolizer, 0, 1);
  named.holdModules();
  all[1] = moduleOf('/second', 2);
  named.holdModules();
  t.deepEqual(
    named.modules.map(({ path }) => path),
    ['/first', '/second', '/third'],
  );
  t.deepEqual([...new Set(held)].sort(), ['/first', '/second', '/third']);
});
