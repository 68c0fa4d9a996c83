/**
 * The threads of a process as they are told: the busiest ones by themselves, the others as one. A server that starts
 * a thread for each request has hundreds of thousands, which nobody reads and every look would carry.
 */
import type { ThreadInfo } from '../../proto/snapshot.js';
import { formatCount } from '../../views/units.js';
import type { ThreadRecord } from '../core.js';

/** As many are named. */
const MOST_THREADS = 1000;

/** @returns in the order of their start; the last one stands for all that are not named */
export const threadInfos = (records: readonly ThreadRecord[]): readonly ThreadInfo[] => {
  if (records.length <= MOST_THREADS) return records.map(asInfo);
  const bySize = records.toSorted((a, b) => b.liveBytes - a.liveBytes || b.totalBytes - a.totalBytes);
  const named = new Set(bySize.slice(0, MOST_THREADS));
  const rest = bySize.slice(MOST_THREADS);
  const sum = (pick: (record: ThreadRecord) => number) => rest.reduce((all, each) => all + pick(each), 0);
  return [
    ...records.filter((record) => named.has(record)).map(asInfo),
    {
      tid: 0,
      name: `${formatCount(rest.length)} more threads`,
      allocations: sum(({ allocations }) => allocations),
      frees: sum(({ frees }) => frees),
      liveBytes: sum(({ liveBytes }) => liveBytes),
      totalBytes: sum(({ totalBytes }) => totalBytes),
      temporaryBlocks: sum(({ temporaryBlocks }) => temporaryBlocks),
    },
  ];
};

const asInfo = (record: ThreadRecord): ThreadInfo => {
  const { tid, name, allocations, frees, liveBytes, totalBytes, temporaryBlocks } = record;
  return { tid, name, allocations, frees, liveBytes, totalBytes, temporaryBlocks };
};
