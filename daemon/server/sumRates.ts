/**
 * How fast each row allocates: its total now less its total a second or two ago. Owned by the views; one sampler per
 * choice of processes and grouping, which keeps two sets of sums.
 */
import type { Rate } from '../../proto/messages.js';
import type { Index } from '../../proto/snapshot.js';
import type { Sums } from './groups.js';

export type RateOf = (group: Index) => Rate | undefined;

interface Look {
  readonly atMs: number;
  readonly sums: Sums['sums'];
}

const SHORTEST_MS = 400;
const APART_MS = 1000;
/** An older look says nothing of now: nobody has looked meanwhile. */
const LONGEST_MS = 4000;
const NONE: RateOf = () => undefined;

/** @returns takes the newest sums in */
export const createSumRate = (): ((atMs: number, sums: Sums['sums']) => RateOf) => {
  let older: Look | undefined;
  let newer: Look | undefined;
  return (atMs, sums) => {
    if (newer && atMs - newer.atMs > LONGEST_MS) {
      older = undefined;
      newer = undefined;
    }
    if (!newer || atMs - newer.atMs >= APART_MS) {
      older = newer;
      newer = { atMs, sums };
    }
    const base = older ?? newer;
    const seconds = (atMs - base.atMs) / 1000;
    if (seconds * 1000 < SHORTEST_MS) return NONE;
    return (group) => {
      const now = sums[group];
      const then = base.sums[group];
      if (!now || (then && now.totalBlocks <= then.totalBlocks)) return undefined;
      return {
        allocationsPerSecond: Math.max(0, now.totalBlocks - (then?.totalBlocks ?? 0)) / seconds,
        bytesPerSecond: Math.max(0, now.totalBytes - (then?.totalBytes ?? 0)) / seconds,
      };
    };
  };
};
