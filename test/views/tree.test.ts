/** The tree of stacks, both ways round: its sums are those of the sites. */
import test from 'ava';
import type { Recording } from '../../views/profile.js';
import { countersOf, sumSites } from '../../views/sites.js';
import { createStackTree, type TreeLine, type TreeQuery } from '../../views/tree.js';
import { randomRecording, snapshotOf } from './build.js';

const START = ['app!_start', 'libc.so.6!__libc_start_main', '/app!main@main.c:10'];
const SNAPSHOT = snapshotOf([
  { stack: [...START, '/app!load@load.c:5', '/app!grow@buf.c:7', 'libc.so.6!malloc'], bytes: 100 },
  { stack: [...START, '/app!save@save.c:9', '/app!grow@buf.c:7', 'libc.so.6!malloc'], bytes: 30 },
  { stack: [...START, '/app!load@load.c:5', 'libc.so.6!malloc'], bytes: 5 },
]);

const query = (changes: Partial<TreeQuery> = {}): TreeQuery => ({
  direction: 'down',
  kind: 'heap',
  figureOf: ({ liveBytes }) => liveBytes,
  isOpen: () => true,
  limit: 1000,
  ...changes,
});

const shown = (lines: readonly TreeLine[]) =>
  lines.map(
    ({ depth, place, counters, selfBytes, state }) =>
      `${'  '.repeat(depth)}${place.function} ${counters.liveBytes} ${selfBytes} ${state}`,
  );

const linesOf = (snapshot: Recording, changes: Partial<TreeQuery> = {}) =>
  createStackTree()([{ index: 0, profile: snapshot }], query(changes)).lines;

test('downwards every call stands below its caller, with what it and its callees allocate', (t) => {
  t.deepEqual(shown(linesOf(SNAPSHOT)), [
    'main 135 0 open',
    '  load 105 5 open',
    '    grow 100 100 leaf',
    '  save 30 0 open',
    '    grow 30 30 leaf',
  ]);
});

test('upwards who allocates stands first, with its callers below', (t) => {
  t.deepEqual(shown(linesOf(SNAPSHOT, { direction: 'up' })), [
    'grow 130 130 open',
    '  load 100 0 open',
    '    main 100 0 leaf',
    '  save 30 0 open',
    '    main 30 0 leaf',
    'load 5 5 open',
    '  main 5 0 leaf',
  ]);
});

test('what is closed hides what is below; beyond the limit lines are counted', (t) => {
  t.deepEqual(shown(linesOf(SNAPSHOT, { isOpen: () => false })), ['main 135 0 closed']);
  const { lines, omitted } = createStackTree()([{ index: 0, profile: SNAPSHOT }], query({ limit: 2 }));
  t.is(lines.length, 2);
  t.true(omitted > 0);
});

test('the same frames of two processes are one node; nodes keep their numbers', (t) => {
  const tree = createStackTree();
  const once = tree([{ index: 0, profile: SNAPSHOT }], query()).lines;
  const twice = tree(
    [
      { index: 0, profile: SNAPSHOT },
      { index: 1, profile: SNAPSHOT },
    ],
    query(),
  ).lines;
  t.deepEqual(
    twice.map(({ node, counters }) => [node, counters.liveBytes]),
    once.map(({ node, counters }) => [node, 2 * counters.liveBytes]),
  );
});

test('growth is the difference to the mark, of what is new since too', (t) => {
  const { lines } = createStackTree()(
    [
      {
        index: 0,
        profile: SNAPSHOT,
        before: (site) => {
          const now = countersOf(SNAPSHOT.sites, site);
          return now.liveBytes === 100 ? { ...now, liveBytes: 60 } : undefined;
        },
      },
    ],
    query({ isOpen: () => false }),
  );
  t.is(lines[0]?.counters.grownBytes, 40 + 30 + 5);
});

test('Σ roots = Σ sites, in both directions, whatever the stacks', (t) => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const snapshot = randomRecording(seed);
    const { liveBytes, totalBytes } = sumSites(snapshot.sites, 'all');
    for (const direction of ['down', 'up'] as const) {
      const { sum, lines } = createStackTree()(
        [{ index: 0, profile: snapshot }],
        query({ direction, kind: 'all', figureOf: (counters) => counters.totalBytes, limit: 1e6 }),
      );
      t.is(sum.liveBytes, liveBytes, `seed ${seed} ${direction}`);
      t.is(sum.totalBytes, totalBytes);
      const selfs = lines.reduce((self, line) => self + line.selfBytes, 0);
      if (direction === 'up') t.is(selfs, liveBytes);
      else t.true(selfs <= liveBytes);
    }
  }
});

test('a child never has more than its parent', (t) => {
  let children = 0;
  for (let seed = 1; seed <= 20; seed += 1)
    for (const direction of ['down', 'up'] as const) {
      const above: number[] = [];
      for (const { depth, counters } of linesOf(randomRecording(seed), {
        direction,
        kind: 'all',
        limit: 1e6,
      })) {
        if (depth > 0) children += 1;
        if (depth > 0 && counters.totalBytes > (above[depth - 1] ?? 0)) t.fail(`seed ${seed}`);
        above[depth] = counters.totalBytes;
      }
    }
  t.true(children > 100);
});
