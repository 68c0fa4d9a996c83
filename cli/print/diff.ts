/** What `memtrace dump --diff` prints: the change of the whole, then the rows that changed most. */
import type { Diff, DiffMetric, DiffRow } from '../../proto/snapshot.js';
import { functionName, placeName } from '../../views/names.js';
import { formatBytes, formatBytesDelta, formatCount, formatCountDelta } from '../../views/units.js';
import { plural } from './facts.js';
import type { Surface } from './surface.js';
import { type TableRow, tableLines } from './table.js';

export const diffLines = (diff: Diff, surface: Surface): readonly string[] => {
  const { totals, blocks } = diff;
  const inBlocks = blocks ? `, ${formatCountDelta(blocks.delta)} blocks` : '';
  return [
    surface.paint.strong(
      `${TITLES[diff.metric]}, by ${diff.by}: ${formatBytes(totals.before)} -> ${formatBytes(totals.after)} (${formatBytesDelta(totals.delta)}${inBlocks})`,
    ),
    ...(diff.rows.length === 0
      ? ['  no change']
      : tableLines(
          HEAD(diff),
          diff.rows.map((row) => tableRow(row, diff, surface)),
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

const HEAD = ({ by }: Diff) => ({
  numbers: ['change', 'blocks', 'before', 'after', ''],
  place: by,
  name: by === 'file' || by === 'module' ? '' : 'function',
});

const tableRow = (row: DiffRow, { by }: Diff, surface: Surface): TableRow => ({
  numbers: [
    formatBytesDelta(row.bytes.delta),
    formatCountDelta(row.blocks.delta),
    formatBytes(row.bytes.before),
    formatBytes(row.bytes.after),
    row.state === 'changed' || row.state === undefined ? '' : row.state,
  ],
  place: by === 'module' ? surface.path(row.module ?? '(no module)') : placeName(named(row), surface.path),
  name: by === 'file' || by === 'module' ? '' : functionName(row),
  below: [
    ...(row.source && by === 'line' ? [row.source] : []),
    ...(row.frames ?? []).slice(0, FRAMES_SHOWN),
    ...((row.frames?.length ?? 0) > FRAMES_SHOWN
      ? [`${formatCount((row.frames?.length ?? 0) - FRAMES_SHOWN)} more`]
      : []),
  ],
  mood: row.bytes.delta > 0 ? 'more' : 'less',
});

const FRAMES_SHOWN = 24;

const named = (row: DiffRow) => ({ ...row, module: row.module ?? null, offset: row.offset ?? null });
