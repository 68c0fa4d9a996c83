/** Rows of a grouping as a table: sorted figure first, then where, then who, then the source text. */
import type { GroupBy, Metric, SiteCounters } from '../../proto/snapshot.js';
import type { FrameName, Row } from '../../views/group.js';
import { baseName, functionName, moduleName, placeName } from '../../views/names.js';
import { metricOf, sizeOf } from '../../views/order.js';
import { formatBytes, formatCount, formatShare } from '../../views/units.js';
import type { Surface } from './surface.js';
import { type TableRow, tableLines } from './table.js';

export interface PrintedRow extends Row {
  readonly source: string | null;
}

export interface RowsLayout {
  readonly by: GroupBy;
  readonly sort: Metric;
  /** What shares are shares of. */
  readonly whole: SiteCounters;
  /** Compact: the sorted figure only. Wide: all figures, as far as there is room. */
  readonly figures: 'compact' | 'wide';
}

/** Where all figures fit beside a place and a name. */
const WIDE_FROM = 110;
/** Below this the share is left out. */
const NARROW_BELOW = 60;
/** Frames shown of one stack. */
const FRAMES_SHOWN = 24;

export const rowLines = (
  rows: readonly PrintedRow[],
  layout: RowsLayout,
  surface: Surface,
): readonly string[] => {
  const figures = figuresOf(layout, surface);
  const head = { numbers: figures.map(({ title }) => title), ...headings(layout.by) };
  return tableLines(
    head,
    rows.map((row) => tableRow(row, figures, layout.by, surface)),
    surface,
  );
};

interface Figure {
  readonly title: string;
  readonly of: (row: SiteCounters) => string;
}

const figuresOf = ({ sort, whole, figures }: RowsLayout, surface: Surface): readonly Figure[] => {
  const sorted: readonly Figure[] = [
    sort === 'temporary'
      ? { title: 'temporary', of: (row) => formatCount(row.temporaryBlocks) }
      : { title: SIZE_TITLES[sort], of: (row) => formatBytes(sizeOf(row, sort).bytes) },
    { title: 'share', of: (row) => formatShare(metricOf(row, sort), metricOf(whole, sort)) },
    { title: sort === 'temporary' ? 'of' : 'blocks', of: (row) => formatCount(sizeOf(row, sort).blocks) },
  ];
  if (surface.width < NARROW_BELOW) return sorted.filter(({ title }) => title !== 'share');
  if (figures === 'compact' || surface.width < WIDE_FROM) return sorted;
  const further: readonly (Figure & { readonly metric: Metric })[] = [
    { metric: 'live', title: 'live', of: (row) => formatBytes(row.liveBytes) },
    { metric: 'peak', title: 'at peak', of: (row) => formatBytes(row.peakBytes) },
    { metric: 'total', title: 'total', of: (row) => formatBytes(row.totalBytes) },
    { metric: 'temporary', title: 'temporary', of: (row) => formatCount(row.temporaryBlocks) },
  ];
  const shown = sort === 'blocks' ? 'live' : sort;
  return [...sorted, ...further.filter(({ metric }) => metric !== shown)];
};

const SIZE_TITLES: Readonly<Record<Exclude<Metric, 'temporary'>, string>> = {
  live: 'live',
  blocks: 'live',
  peak: 'at peak',
  total: 'total',
};

export const headings = (by: GroupBy): { readonly place: string; readonly name: string } => ({
  place: by === 'stack' ? 'allocated at' : by === 'function' ? 'in' : by,
  name: by === 'file' || by === 'module' ? '' : 'function',
});

const tableRow = (row: PrintedRow, figures: readonly Figure[], by: GroupBy, surface: Surface): TableRow => ({
  numbers: figures.map((figure) => figure.of(row)),
  place: by === 'module' ? moduleName(row.module, surface.path) : placeName(row, surface.path),
  name: by === 'file' || by === 'module' ? '' : functionName(row),
  below: [...(row.source && by === 'line' ? [row.source] : []), ...stackLines(row, surface)],
});

const isAt = (frame: FrameName, row: PrintedRow): boolean =>
  frame.function === row.function &&
  frame.file === row.file &&
  frame.line === row.line &&
  (frame.function !== null || frame.offset === row.offset) &&
  frame.module === row.module;

const stackLines = (row: PrintedRow, surface: Surface): readonly string[] => {
  const all = row.stack?.() ?? [];
  const [leaf] = all;
  const frames = leaf && isAt(leaf, row) ? all.slice(1) : all; // the row itself shows it
  const shown = frames
    .slice(0, FRAMES_SHOWN)
    .map((frame) => `${placeName(frame, surface.path)}  ${functionName(frame)}`);
  const more = frames.length - shown.length;
  return more > 0 ? [...shown, `${formatCount(more)} more`] : shown;
};

/**
 * What libraries allocate by themselves, one line each: "4.0 KiB in 1 block by libc.so.6 (_IO_file_doallocate)".
 *
 * @param rows those that no user code is blamed for, largest first
 */
export const ownAccountLines = (rows: readonly Row[], sort: Metric, surface: Surface): readonly string[] => {
  if (rows.length === 0) return [];
  const modules = new Map<string, { bytes: number; blocks: number; names: Set<string> }>();
  for (const row of rows) {
    const module = libraryName(row);
    const entry = modules.get(module) ?? { bytes: 0, blocks: 0, names: new Set<string>() };
    const { bytes, blocks } = sizeOf(row, sort);
    entry.bytes += bytes;
    entry.blocks += blocks;
    if (row.function !== null) entry.names.add(row.function);
    modules.set(module, entry);
  }
  const sorted = [...modules].sort(([, a], [, b]) => b.bytes - a.bytes);
  return tableLines(
    { numbers: ['size', 'blocks'], place: 'library, by itself', name: 'in' },
    sorted.map(([module, { bytes, blocks, names }]) => ({
      numbers: [formatBytes(bytes), formatCount(blocks)],
      place: module,
      name: nameList([...names]),
    })),
    surface,
  );
};

/** A frozen module of Python's is a library by its own name: `<frozen importlib._bootstrap>`. */
const libraryName = ({ language, file, module }: Row): string =>
  language === 'python' && file !== null ? file : moduleName(module, baseName);

const NAMES_SHOWN = 3;

const nameList = (names: readonly string[]): string =>
  names.slice(0, NAMES_SHOWN).join(', ') +
  (names.length > NAMES_SHOWN ? `, ${names.length - NAMES_SHOWN} more` : '');
