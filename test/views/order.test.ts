/** Which rows come first. */
import test from 'ava';
import type { Metric } from '../../proto/snapshot.js';
import { groupSites, type Row } from '../../views/group.js';
import { topRows } from '../../views/order.js';
import { randomFrom, randomRecording } from './build.js';

const METRICS: readonly Metric[] = ['live', 'peak', 'total', 'temporary', 'blocks'];

/** Figures of which many are equal, or nothing. */
const coarse = (rows: readonly Row[], seed: number): readonly Row[] => {
  const { below } = randomFrom(seed);
  const figure = () => 8 * below(3);
  return rows.map((row) => ({
    ...row,
    liveBytes: figure(),
    liveBlocks: figure(),
    totalBytes: figure(),
    totalBlocks: figure(),
    peakBytes: figure(),
    peakBlocks: figure(),
    temporaryBlocks: figure(),
  }));
};

test('the first ten rows are the first ten of all, also where many are equal', (t) => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const exact = groupSites(randomRecording(seed), 'line', 'all');
    for (const rows of [exact, coarse(exact, seed)])
      for (const metric of METRICS) {
        const all = topRows(rows, metric).rows;
        for (let limit = 0; limit <= all.length + 1; limit += 1) {
          const top = topRows(rows, metric, limit);
          t.deepEqual(top.rows, all.slice(0, limit));
          t.is(top.omitted, all.length - top.rows.length);
        }
      }
  }
});
