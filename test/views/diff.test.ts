/** What two snapshots differ in: by figures stated here, and by what holds for any two of them. */
import test from 'ava';
import type { DiffMetric, GroupBy } from '../../proto/snapshot.js';
import { diffSnapshots } from '../../views/diff.js';
import { parseFilter } from '../../views/filter.js';
import { randomRecording, snapshotOf } from './build.js';

const LIVE = { by: 'line', metric: 'live', kind: 'heap' } as const;
const at = (place: string, bytes: number, blocks = 1) => ({
  stack: [`/home/me/app!f@${place}`, 'libc.so.6!malloc'],
  bytes,
  blocks,
});

test('two runs at other addresses match by line, the largest change first', (t) => {
  const before = snapshotOf([at('a.c:1', 100), at('a.c:2', 50), at('a.c:3', 7)]);
  const after = snapshotOf([at('a.c:2', 10), at('a.c:1', 130), at('a.c:4', 5), at('a.c:5', 0, 1)], 0x7f00);
  const diff = diffSnapshots(before, after, LIVE);
  t.deepEqual(
    diff.rows.map(({ line, bytes, blocks, state }) => [line, bytes.delta, blocks.delta, state]),
    [
      [2, -40, 0, 'changed'],
      [1, 30, 0, 'changed'],
      [3, -7, -1, 'gone'],
      [4, 5, 1, 'new'],
      [5, 0, 1, 'new'],
    ],
  );
  t.deepEqual(diff.totals, { before: 157, after: 145, delta: -12 });
  t.deepEqual(diff.warnings, []);
});

test('code without names matches by module and offset', (t) => {
  const stack = ['/home/me/app!+64', 'libc.so.6!malloc'];
  const diff = diffSnapshots(snapshotOf([{ stack, bytes: 1 }]), snapshotOf([{ stack, bytes: 3 }], 99), LIVE);
  t.like(diff.rows, { length: 1, 0: { module: '/home/me/app', offset: 64, state: 'changed' } });
});

test('code in no module is told apart: the program’s own, and what is blamed on nobody', (t) => {
  const stacks = [
    ['!generated', 'libc.so.6!malloc'],
    ['!+5', 'libc.so.6!malloc'],
  ];
  const after = snapshotOf(stacks.map((stack, at) => ({ stack, bytes: 10 - at })));
  const diff = diffSnapshots(snapshotOf([]), after, { ...LIVE, by: 'module' });
  t.deepEqual(
    diff.rows.map(({ module, user }) => [module, user]),
    [
      [null, true],
      [null, false],
    ],
  );
});

test('rows beyond the limit still count in the totals', (t) => {
  const after = snapshotOf([at('a.c:1', 100), at('a.c:2', 50)]);
  const diff = diffSnapshots(snapshotOf([]), after, { ...LIVE, limit: 1 });
  t.is(diff.rows.length, 1);
  t.is(diff.omittedRows, 1);
  t.deepEqual(diff.totals, { before: 0, after: 150, delta: 150 });
});

test('a filter takes the rows that it lets through into the totals, changed or not', (t) => {
  const before = snapshotOf([at('a.c:1', 100), at('a.c:2', 50), at('b.c:3', 7)]);
  const after = snapshotOf([at('a.c:1', 100), at('a.c:2', 60), at('b.c:3', 9)]);
  const totalsOf = (text: string) => {
    const parsed = parseFilter(text);
    if (!parsed.ok) throw new Error(parsed.fault.message);
    const { totals, blocks } = diffSnapshots(before, after, { ...LIVE, filter: parsed.filter });
    return [totals.before, totals.after, blocks?.after];
  };
  t.deepEqual(totalsOf('file:a.c'), [150, 160, 2]);
  t.deepEqual(totalsOf('size>=0'), [157, 169, 3]);
  t.deepEqual(totalsOf('nothing'), [0, 0, 0]);
});

test('snapshots of two programs, or in the wrong order, are compared with a warning', (t) => {
  const one = snapshotOf([at('a.c:1', 1)]);
  const other = { ...one, process: { ...one.process, executable: '/usr/bin/other' } };
  t.regex(diffSnapshots(one, other, LIVE).warnings?.[0] ?? '', /different programs: app and other/);
  const earlier = { ...one, process: { ...one.process, takenAt: '2026-11-20T09:00:00.000Z' } };
  t.regex(diffSnapshots(one, earlier, LIVE).warnings?.[0] ?? '', /first snapshot is the later one/);
});

const GROUPINGS: readonly GroupBy[] = ['line', 'function', 'file', 'module', 'stack'];
const METRICS: readonly DiffMetric[] = ['live', 'peak', 'total'];

test('a snapshot does not differ from itself', (t) => {
  for (let seed = 1; seed <= 20; seed += 1)
    for (const by of GROUPINGS)
      for (const metric of METRICS)
        t.deepEqual(
          diffSnapshots(randomRecording(seed), randomRecording(seed), { by, metric, kind: 'all' }).rows,
          [],
        );
});

test('swapping the two turns every sign round and nothing else', (t) => {
  for (let seed = 1; seed <= 20; seed += 1)
    for (const by of GROUPINGS) {
      const options = { by, metric: 'live', kind: 'all' } as const;
      const there = diffSnapshots(randomRecording(seed), randomRecording(seed + 100), options);
      const back = diffSnapshots(randomRecording(seed + 100), randomRecording(seed), options);
      const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
      t.deepEqual(
        there.rows.map(({ bytes, blocks }) => [bytes.delta, blocks.delta]),
        back.rows.map(({ bytes, blocks }) => [0 - bytes.delta, 0 - blocks.delta]),
        `seed ${seed}, by ${by}`,
      );
      t.is(sum(there.rows.map(({ bytes }) => bytes.delta)), there.totals.delta);
    }
});
