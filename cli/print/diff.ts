/** What `memtrace dump --diff` prints: the change of the whole, then the rows that changed most. */
import type { Diff, DiffMetric, DiffRow, GroupBy } from '../../proto/snapshot.js';
import { functionName, moduleName, placeName } from '../../views/names.js';
import { formatBytes, formatBytesDelta, formatCount, formatCountDelta } from '../../views/units.js';
import { plural } from './facts.js';
import { headings } from './rows.js';
import { headingLines, type Surface } from './surface.js';
import { type TableRow, tableLines } from './table.js';

export const diffLines = (diff: Diff, surface: Surface): readonly string[] => {
  const { totals, blocks } = diff;
  const inBlocks = blocks ? `, ${formatCountDelta(blocks.delta)} blocks` : '';
  const figures = surface.width < NARROW_BELOW ? FIGURES.filter(({ narrow }) => narrow) : FIGURES;
  return [
    ...headingLines(
      `${TITLES[diff.metric]}, by ${diff.by}: ${formatBytes(totals.before)} -> ${formatBytes(totals.after)} (${formatBytesDelta(totals.delta)}${inBlocks})`,
      surface,
    ),
    ...(diff.rows.length === 0
      ? ['  no change']
      : tableLines(
          { numbers: figures.map(({ title }) => title), ...headings(diff.by) },
          diff.rows.map((row) => tableRow(row, figures, diff.by, surface)),
          surface,
        )),
    ...(diff.omittedRows ? [`  ${plural(diff.omittedRows, 'more row')}; --limit N shows more`] : []),
  ];
};

const TITLES: Readonly<Record<DiffMetric, string>> = {
  live: 'Live',
  peak: 'Live at the peak',
  total: 'Allocated in total',
};

/** Below this, what was before and after is left out. */
const NARROW_BELOW = 70;

interface Figure {
  readonly title: string;
  readonly narrow: boolean;
  readonly of: (row: DiffRow) => string;
}

const FIGURES: readonly Figure[] = [
  { title: 'change', narrow: true, of: (row) => formatBytesDelta(row.bytes.delta) },
  { title: 'blocks', narrow: true, of: (row) => formatCountDelta(row.blocks.delta) },
  { title: 'before', narrow: false, of: (row) => formatBytes(row.bytes.before) },
  { title: 'after', narrow: false, of: (row) => formatBytes(row.bytes.after) },
  { title: '', narrow: true, of: ({ state }) => (state === 'new' || state === 'gone' ? state : '') },
];

const tableRow = (row: DiffRow, figures: readonly Figure[], by: GroupBy, surface: Surface): TableRow => ({
  numbers: figures.map((figure) => figure.of(row)),
  place:
    by === 'module'
      ? moduleName(row.module ?? null, surface.path, row.user)
      : placeName(named(row), surface.path),
  name: by === 'file' || by === 'module' ? '' : functionName(row),
  below: [...(row.source && by === 'line' ? [row.source] : []), ...stackLines(row.frames ?? [])],
  mood: row.bytes.delta > 0 ? 'more' : 'less',
});

const FRAMES_SHOWN = 24;

const stackLines = (frames: readonly string[]): readonly string[] =>
  frames.length > FRAMES_SHOWN
    ? [...frames.slice(0, FRAMES_SHOWN), `${formatCount(frames.length - FRAMES_SHOWN)} more`]
    : frames;

const named = (row: DiffRow) => ({ ...row, module: row.module ?? null, offset: row.offset ?? null });
