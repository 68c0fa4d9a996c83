/** The table of a row view: which groups come first, and how a client sees them. Pure. */
import type { RowView, SortKey, Table, ViewQuery, ViewRow } from '../../proto/messages.js';
import type { GroupBy, SiteCounters } from '../../proto/snapshot.js';
import type { Group } from '../../views/group.js';
import { frameText } from '../../views/names.js';
import { compareNames, metricOf, sizeOf } from '../../views/order.js';
import { addTo, emptySum } from '../../views/sites.js';
import type { Sums } from './groups.js';
import type { Matcher } from './matching.js';
import type { RateOf } from './sumRates.js';
import { topOf } from './topOf.js';

export const GROUPING_OF: Readonly<Record<RowView, GroupBy>> = {
  lines: 'line',
  functions: 'function',
  files: 'file',
  modules: 'module',
  stacks: 'stack',
};

export const isRowView = (view: string): view is RowView => Object.hasOwn(GROUPING_OF, view);

/** Of all stacks of a table: those of a deep recursion are a thousand frames long, ten thousand of them a gigabyte. */
const MOST_FRAMES = 50_000;

/** What rows are told besides their counters. */
export interface Extras {
  readonly matcher: Matcher | null;
  /** The sums at the mark, by the same numbers; null where there is none. */
  readonly before: Sums['sums'] | null;
  readonly rateOf: RateOf;
}

export const rowTable = (
  view: RowView,
  query: ViewQuery,
  { groups, sums }: Sums,
  { matcher, before, rateOf }: Extras,
): Table => {
  const { sort, limit } = query;
  const sign = query.order === 'ascending' ? -1 : 1;
  const sum = { ...emptySum(), grownBytes: 0, grownBlocks: 0 };
  let present = 0;
  const grownOf = (index: number): Grown => growth(sums[index], before?.[index]);
  const passes = (index: number, group: Group, counters: SiteCounters): boolean => {
    if (query.file !== undefined && group.file !== query.file) return false;
    if (!matcher) return true;
    if (!matcher.matchesGroup(GROUPING_OF[view], index, group)) return false;
    return matcher.filter.matchesFigures(before ? { ...counters, ...grownOf(index) } : counters);
  };
  const figureOf = (index: number): number | null => {
    const counters = sums[index];
    const group = groups[index];
    if (!counters || !group || !passes(index, group, counters)) return null;
    addTo(sum, counters);
    if (before) {
      const { grownBytes, grownBlocks } = grownOf(index);
      sum.grownBytes += grownBytes;
      sum.grownBlocks += grownBlocks;
    }
    const value = figureBy(
      sort,
      counters,
      () => grownOf(index),
      () => rateOf(index)?.bytesPerSecond ?? 0,
    );
    if (value === null) return null;
    present += 1;
    return sign * value;
  };
  const chosen = topOf(sums.length, figureOf, limit);
  let frames = 0;
  const rows = chosen.flatMap((index): readonly Ranked[] => {
    const group = groups[index];
    const counters = sums[index];
    if (!group || !counters || frames >= MOST_FRAMES) return [];
    const rate = rateOf(index);
    const grown = before ? grownOf(index) : undefined;
    const figure =
      figureBy(
        sort,
        counters,
        () => grownOf(index),
        () => rate?.bytesPerSecond ?? 0,
      ) ?? 0;
    const row = viewRow(index, group, counters, grown, rate);
    frames += row.frames?.length ?? 0;
    return [{ group, figure: sign * figure, row }];
  });
  // Equal ones by name, as in a report.
  const ranked = rows.sort(
    (a, b) =>
      b.figure - a.figure ||
      sign * (b.row.liveBytes - a.row.liveBytes) ||
      sign * compareNames(a.group, b.group),
  );
  const { grownBytes, grownBlocks, ...counters } = sum;
  return {
    view,
    rows: ranked.map(({ row }) => row),
    omitted: present - rows.length,
    sum: before ? { ...counters, grownBytes, grownBlocks } : counters,
  };
};

interface Ranked {
  readonly group: Group;
  readonly figure: number;
  readonly row: ViewRow;
}

interface Grown {
  readonly grownBytes: number;
  readonly grownBlocks: number;
}

const growth = (now: SiteCounters | undefined, then: SiteCounters | undefined): Grown => ({
  grownBytes: (now?.liveBytes ?? 0) - (then?.liveBytes ?? 0),
  grownBlocks: (now?.liveBlocks ?? 0) - (then?.liveBlocks ?? 0),
});

/** Null for rows that have nothing of it. */
const figureBy = (
  sort: SortKey,
  counters: SiteCounters,
  grown: () => Grown,
  rate: () => number,
): number | null => {
  if (sort === 'growth') {
    const { grownBytes, grownBlocks } = grown();
    return grownBytes === 0 && grownBlocks === 0 ? null : grownBytes;
  }
  if (sort === 'rate') return rate() > 0 || counters.liveBlocks > 0 ? rate() : null;
  const value = metricOf(counters, sort);
  return value <= 0 && (sort === 'temporary' || sizeOf(counters, sort).blocks <= 0) ? null : value;
};

const viewRow = (
  key: number,
  { stack, ...group }: Group,
  counters: SiteCounters,
  grown: Grown | undefined,
  rate: ViewRow['rate'],
): ViewRow => {
  const frames = stack?.();
  return {
    key,
    ...group,
    ...counters,
    ...grown,
    ...(rate ? { rate } : {}),
    ...(frames
      ? {
          frames: frames.map((frame) => frameText(frame)),
          places: frames.map(({ file, line }) => (file !== null && line !== null ? { file, line } : null)),
        }
      : {}),
  };
};
