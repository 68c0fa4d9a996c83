/**
 * Which rows come first and how many are shown.
 *
 * Equal rows are ordered by name, so that the same data always gives the same text.
 */
import type { Bytes, Count, Metric, SiteCounters } from '../proto/snapshot.js';
import type { Group } from './group.js';

/** The figure a row is sorted by: bytes for live, peak and total, blocks for temporary and blocks. */
export const metricOf = (counters: SiteCounters, metric: Metric): number => {
  switch (metric) {
    case 'live':
      return counters.liveBytes;
    case 'peak':
      return counters.peakBytes;
    case 'total':
      return counters.totalBytes;
    case 'temporary':
      return counters.temporaryBlocks;
    case 'blocks':
      return counters.liveBlocks;
  }
};

/** The bytes and blocks that go with a metric. */
export const sizeOf = (
  counters: SiteCounters,
  metric: Metric,
): { readonly bytes: Bytes; readonly blocks: Count } => {
  switch (metric) {
    case 'peak':
      return { bytes: counters.peakBytes, blocks: counters.peakBlocks };
    case 'total':
    case 'temporary':
      return { bytes: counters.totalBytes, blocks: counters.totalBlocks };
    case 'live':
    case 'blocks':
      return { bytes: counters.liveBytes, blocks: counters.liveBlocks };
  }
};

/** Largest first; rows that have nothing of the metric are left out. */
export const topRows = <R extends Group & SiteCounters>(
  rows: readonly R[],
  metric: Metric,
  limit = Number.POSITIVE_INFINITY,
): { readonly rows: readonly R[]; readonly omitted: Count } => {
  const { of, blocks } = COLUMNS[metric];
  const wanted = rows.filter((row) => row[of] > 0 || (metric !== 'temporary' && row[blocks] > 0));
  const shown = largest(wanted, of, limit)
    .sort((a, b) => b[of] - a[of] || sizeOf(b, metric).bytes - sizeOf(a, metric).bytes || compareNames(a, b))
    .slice(0, limit);
  return { rows: shown, omitted: wanted.length - shown.length };
};

/** Where the figure that rows are sorted by stands, and the blocks that go with it. */
const COLUMNS: Readonly<Record<Metric, Readonly<Record<'of' | 'blocks', keyof SiteCounters>>>> = {
  live: { of: 'liveBytes', blocks: 'liveBlocks' },
  peak: { of: 'peakBytes', blocks: 'peakBlocks' },
  total: { of: 'totalBytes', blocks: 'totalBlocks' },
  temporary: { of: 'temporaryBlocks', blocks: 'totalBlocks' },
  blocks: { of: 'liveBlocks', blocks: 'liveBlocks' },
};

/** Those that may be among the first `limit`, and no more: few are shown of thousands, and names are slow to compare. */
const largest = <R extends SiteCounters>(rows: readonly R[], of: keyof SiteCounters, limit: number): R[] => {
  if (limit >= rows.length) return [...rows];
  const figures = Float64Array.from(rows, (row) => row[of]).sort();
  const least = figures[rows.length - limit];
  return rows.filter((row) => row[of] >= least);
};

export const compareNames = (a: Group, b: Group): number =>
  comparePlaces(a, b) ||
  compareStacks(a.stack?.() ?? [], b.stack?.() ?? []) ||
  Number(b.user) - Number(a.user);

type Place = Pick<Group, 'function' | 'file' | 'line' | 'module' | 'offset'>;

const comparePlaces = (a: Place, b: Place): number =>
  compare(a.file ?? a.module ?? '', b.file ?? b.module ?? '') ||
  (a.line ?? 0) - (b.line ?? 0) ||
  compare(a.function ?? '', b.function ?? '') ||
  (a.offset ?? 0) - (b.offset ?? 0);

/** Frame by frame, of which most are the same: the texts of a million equal stacks would fill the memory. */
const compareStacks = (a: readonly Place[], b: readonly Place[]): number => {
  const common = Math.min(a.length, b.length);
  for (let at = 0; at < common; at += 1) {
    const order = a[at] === b[at] ? 0 : comparePlaces(a[at], b[at]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
};

// Not localeCompare: the order must not depend on the machine's language.
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
