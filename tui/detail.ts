/**
 * What a row is made of: its source with what each line allocates, its live blocks by age and by size, and the stacks
 * that lead there. Pure.
 */
import type { AgeClass, LiveSizeClass, ViewRow } from '../proto/messages.js';
import { frameText, functionName } from '../views/names.js';
import { formatAge, formatBytes, formatCount } from '../views/units.js';
import type { BlockClass, Row, SourceRow } from './row.js';
import { type Detail, type Source, type State, shownPicture } from './state.js';

/** Keys of rows that are no source lines. */
const TITLES = 2 ** 30;
const CLASSES = 2 ** 30 + 2 ** 29;
/** After the last age. */
const SIZES = 2 ** 28;
const STACKS = 2 ** 31;
const FRAMES = 512;

export const detailRows = (state: State): readonly Row[] => {
  const { detail } = state;
  if (!detail) return [];
  const { tables } = shownPicture(state);
  const lines = tables['detail lines'];
  const blocks = tables['detail blocks'];
  const stacks = tables['detail stacks'];
  const known = lines?.view === 'lines' ? lines.rows : [];
  return [
    ...sourceRows(detail, lines ? known : [detail.row], state.sources),
    ...(blocks?.view === 'blocks' && blocks.ages.length > 0 ? blockRows(blocks.ages, blocks.sizes) : []),
    ...(stacks?.view === 'stacks' ? stackRows(stacks.rows, stacks.omitted) : missing(state)),
  ];
};

/** Nobody answers any more. */
const missing = ({ connection }: State): readonly Row[] =>
  connection.kind === 'live'
    ? []
    : [
        title(2, ''),
        title(
          3,
          'Its stacks were not asked for before the daemon went: memtrace report --by stack shows them.',
        ),
      ];

export const keyOfLine = (line: number): number => line;

const title = (number: number, text: string): Row => ({ kind: 'title', key: TITLES + number, text });

const sourceRows = (
  { view, row, context }: Detail,
  known: readonly ViewRow[],
  sources: ReadonlyMap<string, Source>,
): readonly Row[] => {
  const { file, line } = row;
  if (view !== 'lines') return [title(0, frameText(row))];
  if (file === null || line === null)
    return [title(0, `${frameText(row)}: there is no debug information that names its source.`)];
  const source = sources.get(file);
  const heading: Row = { kind: 'title', key: TITLES, text: functionName(row), place: `  ${file}` };
  if (!source) return [heading, title(1, 'Reading the source...')];
  if (!source.lines) return [heading, title(1, source.note ?? '')];
  const sums = sumsByLine(known);
  const from = Math.max(1, line - context);
  const to = Math.min(source.lines.length, line + context);
  const rows: Row[] = [heading];
  for (let at = from; at <= to; at += 1) {
    const text = source.lines[at - 1] ?? '';
    const place: SourceRow = { file, line: at, text, row: sums.get(at) ?? null, isChosen: at === line };
    rows.push({ kind: 'source', key: keyOfLine(at), source: place });
  }
  return rows;
};

/** Several functions may share a line: inlined ones, templates. */
const sumsByLine = (rows: readonly ViewRow[]): ReadonlyMap<number, ViewRow> => {
  const sums = new Map<number, ViewRow>();
  for (const row of rows) {
    if (row.line === null) continue;
    const before = sums.get(row.line);
    sums.set(row.line, before ? together(before, row) : row);
  }
  return sums;
};

const together = (a: ViewRow, b: ViewRow): ViewRow => ({
  ...a,
  liveBytes: a.liveBytes + b.liveBytes,
  liveBlocks: a.liveBlocks + b.liveBlocks,
  totalBytes: a.totalBytes + b.totalBytes,
  totalBlocks: a.totalBlocks + b.totalBlocks,
  peakBytes: a.peakBytes + b.peakBytes,
  peakBlocks: a.peakBlocks + b.peakBlocks,
  temporaryBlocks: a.temporaryBlocks + b.temporaryBlocks,
  grownBytes: (a.grownBytes ?? 0) + (b.grownBytes ?? 0),
});

const blockRows = (ages: readonly AgeClass[], sizes: readonly LiveSizeClass[]): readonly Row[] => [
  title(5, ''),
  title(6, 'What lives, by age'),
  ...classRows(
    ages.map(({ fromMs, untilMs, ...sum }) => ({ ...sum, key: fromMs, name: ageText(fromMs, untilMs) })),
  ),
  title(7, 'and by size'),
  ...classRows(
    sizes.map(({ bytes, ...sum }) => ({
      ...sum,
      key: SIZES + Math.log2(bytes + 1),
      name: `from ${formatBytes(bytes)}`,
    })),
  ),
];

/** The key is the class's own: the cursor stays on it when others come. */
const classRows = (classes: readonly (BlockClass & { readonly key: number })[]): readonly Row[] => {
  const most = Math.max(1, ...classes.map(({ liveBlocks }) => liveBlocks));
  return classes.map(({ key, ...row }) => ({
    kind: 'class',
    key: CLASSES + key,
    row,
    share: row.liveBlocks / most,
  }));
};

const ageText = (fromMs: number, untilMs: number | null): string => {
  if (untilMs === null) return `over ${formatAge(fromMs)}`;
  return fromMs === 0 ? `under ${formatAge(untilMs)}` : `${formatAge(fromMs)} to ${formatAge(untilMs)}`;
};

const stackRows = (stacks: readonly ViewRow[], omitted: number): readonly Row[] => {
  const count = stacks.length + omitted;
  return [
    title(2, ''),
    title(
      3,
      `${formatCount(count)} ${count === 1 ? 'stack leads' : 'stacks lead'} here, innermost frame first`,
    ),
    ...stacks.flatMap((row): readonly Row[] => {
      const key = STACKS + row.key * FRAMES;
      return [
        { kind: 'stack', key, row },
        ...(row.frames ?? []).slice(1, FRAMES).map(
          (text, at): Row => ({
            kind: 'frame',
            key: key + at + 1,
            text,
            place: row.places?.[at + 1] ?? null,
          }),
        ),
      ];
    }),
    ...(omitted > 0 ? [title(4, `${formatCount(omitted)} more`)] : []),
  ];
};
