/**
 * Rows as lines of a table: figures right-aligned, the one that is sorted by marked, columns left out by priority
 * where the screen is narrow, names cut so that what says most stays. Pure.
 */
import { clean, cutEnd, cutStart, width } from '../../views/text.js';
import type { Row } from '../rows.js';
import type { State } from '../state.js';
import { aligned, fillLine, type Line, restyled, type Style, span } from './cells.js';
import type { Column, Columns } from './columns.js';
import type { Marks } from './glyphs.js';

export interface TableLook {
  readonly columns: Columns;
  readonly sort: State['sort'] | null;
  readonly order: State['order'];
  /** In columns; infinite where nothing is cut. */
  readonly width: number;
  readonly marks: Marks;
}

export interface TableLines {
  readonly head: Line;
  readonly rows: readonly Line[];
  /** Where each column stands, from the left. */
  readonly places: readonly { readonly column: Column; readonly from: number; readonly to: number }[];
}

const GAP = '  ';
/** Figures give way before names get less than this. */
const NAMES_LEAST = 30;
const NAMES_LEAST_NARROW = 16;
const NARROW_BELOW = 60;
/** From here on both names are worth more than the last figures. */
const NAMES_LEAST_WIDE = 48;
const WIDE_FROM = 100;
/** Of two names the first gets this share. */
const FIRST_NAME_SHARE = 0.55;

export const tableLines = (rows: readonly Row[], look: TableLook): TableLines => {
  const figures = fittingFigures(rows, look);
  const used = figures.reduce((sum, each) => sum + each.width + GAP.length, 0);
  const names = fittingNames(rows, look, look.width - used);
  const cells = [...figures, ...names];
  const line = (text: (column: Column, columns: number) => string): string =>
    cells
      .map(({ column, width: columns }) => {
        const full = clean(text(column, columns));
        const cut = (column.cut === 'start' ? cutStart : cutEnd)(full, columns, look.marks.ellipsis);
        return aligned(cut, Number.isFinite(columns) ? columns : 0, column.align);
      })
      .join(GAP);
  let at = 0;
  const places = cells.map(({ column, width: columns }) => {
    const from = at;
    at += columns + GAP.length;
    return { column, from, to: at };
  });
  return {
    places,
    head: [
      span(
        line((column) => titleOf(column, look)),
        'heading',
      ),
    ],
    rows: rows.map((row) => [
      span(
        row.kind === 'title'
          ? titleText(row.text, look)
          : line((column, columns) => column.text(row, columns)),
        toneOf(row),
      ),
    ]),
  };
};

/** Across all columns. */
const titleText = (text: string, look: TableLook): string =>
  cutEnd(clean(text), look.width, look.marks.ellipsis);

/** What a library allocates by itself is there, but set back; its place says whose it is. */
const toneOf = (row: Row): Style => {
  switch (row.kind) {
    case 'sum':
    case 'node':
      return row.row.user ? 'plain' : 'faint';
    case 'process':
      return row.row.untraced === null ? 'plain' : 'faint';
    case 'title':
      return 'heading';
    case 'source':
      return row.source.isChosen ? 'strong' : 'plain';
    case 'frame':
      return 'faint';
    default:
      return 'plain';
  }
};

export const selectedLine = (line: Line, columns: number): Line =>
  restyled(fillLine(line, columns), 'selected');

const titleOf = ({ title, sort }: Column, look: TableLook): string =>
  sort !== undefined && sort === look.sort ? `${title}${look.marks[look.order]}` : title;

interface Fitting {
  readonly column: Column;
  readonly width: number;
}

const natural = (rows: readonly Row[], column: Column, look: TableLook): number =>
  Math.max(column.least, width(titleOf(column, look)), ...rows.map((row) => width(clean(column.text(row)))));

const namesLeast = ({ width: columns, columns: { names, namesShare } }: TableLook): number => {
  if (namesShare !== undefined) return Math.floor(columns * namesShare);
  if (columns < NARROW_BELOW) return NAMES_LEAST_NARROW;
  return names.length > 1 && columns >= WIDE_FROM ? NAMES_LEAST_WIDE : NAMES_LEAST;
};

const fittingFigures = (rows: readonly Row[], look: TableLook): readonly Fitting[] => {
  let kept = look.columns.figures.map((column) => ({ column, width: natural(rows, column, look) }));
  const room = look.width - namesLeast(look);
  // The one that is sorted by stays whatever its priority.
  const importance = ({ column }: Fitting) =>
    column.sort && column.sort === look.sort ? -1 : column.priority;
  while (kept.length > 1 && kept.reduce((sum, each) => sum + each.width + GAP.length, 0) > room) {
    const least = Math.max(...kept.map(importance));
    kept = kept.filter((each) => importance(each) !== least);
  }
  return kept;
};

const fittingNames = (rows: readonly Row[], look: TableLook, room: number): readonly Fitting[] => {
  const [first, second] = look.columns.names;
  if (!first) return [];
  if (!Number.isFinite(room))
    return look.columns.names.map((column, at, all) => ({
      column,
      width: at === all.length - 1 ? Number.POSITIVE_INFINITY : natural(rows, column, look),
    }));
  if (!second || room < 2 * NAMES_LEAST_NARROW) return [{ column: first, width: Math.max(0, room) }];
  const wanted = natural(rows, first, look);
  const rest = natural(rows, second, look);
  const share = Math.floor((room - GAP.length) * FIRST_NAME_SHARE);
  const firstWidth = Math.min(wanted, Math.max(share, room - GAP.length - rest));
  return [
    { column: first, width: firstWidth },
    { column: second, width: room - GAP.length - firstWidth },
  ];
};
