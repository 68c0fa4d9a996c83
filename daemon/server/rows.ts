/** The table of a row view: which groups come first, and how a client sees them. Pure. */
import type { RowView, Table, ViewQuery, ViewRow } from '../../proto/messages.js';
import type { GroupBy, SiteCounters } from '../../proto/snapshot.js';
import type { Group } from '../../views/group.js';
import { frameText } from '../../views/names.js';
import { metricOf, sizeOf, topRows } from '../../views/order.js';
import { addTo, emptySum } from '../../views/profile.js';
import type { Sums } from './groups.js';
import { topOf } from './topOf.js';

export const GROUPING_OF: Readonly<Record<RowView, GroupBy>> = {
  lines: 'line',
  functions: 'function',
  files: 'file',
  modules: 'module',
  stacks: 'stack',
};

export const isRowView = (view: string): view is RowView => Object.hasOwn(GROUPING_OF, view);

export const rowTable = (view: RowView, query: ViewQuery, { groups, sums }: Sums): Table => {
  const { sort, limit } = query;
  const matches = matcherOf(query.filter);
  const sign = query.order === 'ascending' ? -1 : 1;
  const sum = emptySum();
  let present = 0;
  const figureOf = (index: number): number | null => {
    const counters = sums[index];
    const group = groups[index];
    if (!counters || !group || !matches(group)) return null;
    addTo(sum, counters);
    const value = metricOf(counters, sort);
    if (value <= 0 && (sort === 'temporary' || sizeOf(counters, sort).blocks <= 0)) return null;
    present += 1;
    return sign * value;
  };
  const chosen = topOf(sums.length, figureOf, limit);
  // Equal ones by name, as in a report.
  const rows = topRows(
    chosen.flatMap((index) => keyed(index, groups[index], sums[index])),
    sort,
  ).rows.map(viewRow);
  return { view, rows: sign < 0 ? rows.toReversed() : rows, omitted: present - chosen.length, sum };
};

type Keyed = Group & SiteCounters & { readonly key: number };

const keyed = (
  key: number,
  group: Group | undefined,
  counters: SiteCounters | undefined,
): readonly Keyed[] => (group && counters ? [{ key, ...group, ...counters }] : []);

const viewRow = ({ stack, ...row }: Keyed): ViewRow =>
  stack ? { ...row, frames: stack().map((frame) => frameText(frame)) } : row;

const matcherOf = (filter: string | undefined): ((group: Group) => boolean) => {
  if (!filter) return () => true;
  const wanted = filter.toLowerCase();
  return (group) =>
    [group.function, group.file, group.module].some(
      (name) => name?.toLowerCase().includes(wanted) === true,
    ) || group.stack?.().some((frame) => frameText(frame).toLowerCase().includes(wanted)) === true;
};
