/** What `memtrace report` prints of a snapshot: which process, its totals, then one table. */
import type { GroupBy, KindFilter, Metric } from '../../proto/snapshot.js';
import { type Filter, filterRows } from '../../views/filter.js';
import { groupSites, type Row } from '../../views/group.js';
import { debugInfoNotes } from '../../views/notes.js';
import { topRows } from '../../views/order.js';
import type { Recording } from '../../views/profile.js';
import { hasKind, sumSites } from '../../views/sites.js';
import { sourceText } from '../../views/source.js';
import { commandText } from './command.js';
import { mappedLines, noteLines, plural, totalsLines } from './facts.js';
import { ownAccountLines, type PrintedRow, rowLines } from './rows.js';
import { headingLines, type Surface } from './surface.js';

export interface ReportLayout {
  readonly by: GroupBy;
  readonly sort: Metric;
  readonly kind: KindFilter;
  readonly limit: number;
  readonly filter?: Filter | null;
}

export const reportLines = (
  snapshot: Recording,
  layout: ReportLayout,
  surface: Surface,
): readonly string[] => {
  const { process } = snapshot;
  const heading = `${commandText(process.command, surface.path)} (pid ${process.pid}), ${process.takenAt}`;
  return [
    ...headingLines(heading, surface),
    ...totalsLines(snapshot, surface),
    '',
    ...tablesOf(snapshot, layout, surface),
    ...mappedLines(snapshot, layout.kind, surface),
    ...noteLines([...(snapshot.notes ?? []), ...debugInfoNotes(snapshot)], surface),
  ];
};

const tablesOf = (snapshot: Recording, layout: ReportLayout, surface: Surface): readonly string[] => {
  const { by, sort, kind, limit, filter = null } = layout;
  const found = filterRows(groupSites(snapshot, by, kind), filter);
  const { user, libraries, omitted } = splitRows(found, sort, limit);
  const whole = sumSites(snapshot.sites, kind);
  const rows = withSources(user, snapshot);
  const empty = rows.length === 0 && libraries.length === 0;
  return [
    ...headingLines(
      `${TITLES[sort]}, by ${by}${kindTitle(kind, snapshot)}${filter ? `, matching ${filter.text}` : ''}`,
      surface,
    ),
    ...(empty ? ['  nothing'] : []),
    ...(rows.length > 0 ? rowLines(rows, { by, sort, whole, figures: 'wide' }, surface) : []),
    ...(omitted > 0 ? [`  ${plural(omitted, 'more row')}; --limit N shows more`] : []),
    ...(libraries.length > 0 ? [''] : []),
    ...ownAccountLines(libraries, sort, surface),
  ];
};

const TITLES: Readonly<Record<Metric, string>> = {
  live: 'Live',
  peak: 'Live at the peak',
  total: 'Allocated in total',
  temporary: 'Freed before the next allocation',
  blocks: 'Live, most blocks first',
};

/** Nothing where the kind needs no telling apart. */
const kindTitle = (kind: KindFilter, { sites }: Recording): string => {
  const plain = kind === 'payload' || (kind === 'heap' && !hasKind(sites, 'python'));
  return plain ? '' : KIND_TITLES[kind];
};

const KIND_TITLES: Readonly<Record<KindFilter, string>> = {
  payload: '',
  heap: ' (malloc and its kin)',
  python: " (Python's own allocator)",
  mmap: ' (mapped directly)',
  all: ' (all kinds, and what was mapped directly)',
};

export interface SplitRows {
  readonly user: readonly Row[];
  /** What libraries allocate by themselves. */
  readonly libraries: readonly Row[];
  /** Rows of `user` that the limit left out. */
  readonly omitted: number;
}

/** Tells what the user's code answers for from the rest; a program without any code of the user's is all rest. */
export const splitRows = (rows: readonly Row[], sort: Metric, limit: number): SplitRows => {
  const mine = rows.filter((row) => row.user);
  const { rows: user, omitted } = topRows(mine.length > 0 ? mine : rows, sort, limit);
  const rest = mine.length > 0 && mine.length < rows.length ? rows.filter((row) => !row.user) : [];
  return { user, libraries: topRows(rest, sort).rows, omitted };
};

export const withSources = (
  rows: readonly Row[],
  { sources }: Pick<Recording, 'sources'>,
): readonly PrintedRow[] => rows.map((row) => ({ ...row, source: sourceText(sources, row.file, row.line) }));
