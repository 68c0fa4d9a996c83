/** Which columns fit on a screen, and how wide each is: the least important figures give way, names share the rest. Pure. */
import { clean, width } from '../../views/text.js';
import type { Row } from '../row.js';
import type { State } from '../state.js';
import type { Column, Columns } from './column.js';
import type { Marks } from './glyphs.js';

export interface TableLook {
  readonly columns: Columns;
  readonly sort: State['sort'] | null;
  readonly order: State['order'];
  /** In columns; infinite where nothing is cut. */
  readonly width: number;
  readonly marks: Marks;
}

export const GAP = '  ';
/** Figures give way before names get less than this. */
const NAMES_LEAST = 30;
const NAMES_LEAST_NARROW = 16;
const NARROW_BELOW = 60;
/** From here on both names are worth more than the last figures. */
const NAMES_LEAST_WIDE = 42;
const WIDE_FROM = 100;
/** Of two names the first gets this share. */
const FIRST_NAME_SHARE = 0.55;

export const titleOf = ({ title, sort }: Column, look: TableLook): string =>
  sort !== undefined && sort === look.sort ? `${title}${look.marks[look.order]}` : title;

export interface Fitting {
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

export const fittingFigures = (rows: readonly Row[], look: TableLook): readonly Fitting[] => {
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

export const fittingNames = (rows: readonly Row[], look: TableLook, room: number): readonly Fitting[] => {
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
