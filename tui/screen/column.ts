/** What a column is, and how one is written down. Pure. */
import type { SortKey, TreeChoice } from '../../proto/messages.js';
import type { PathStyle } from '../../views/names.js';
import { cutEnd, width } from '../../views/text.js';
import { formatBytes, formatCount } from '../../views/units.js';
import type { Row } from '../row.js';
import type { Marks } from './glyphs.js';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Right-aligned columns are as wide as their text, at least this. */
  readonly least: number;
  /** The larger, the earlier it is left out. */
  readonly priority: number;
  /** What it sorts by, if it does. */
  readonly sort?: SortKey;
  /** Texts that are too long lose their start (paths) or their end. */
  readonly cut: 'start' | 'end';
  /** @param columns how many there are for it; bars are made to fit */
  readonly text: (row: Row, columns?: number) => string;
}

/** Figures first, then who: at most two columns that share what room there is. */
export interface Columns {
  readonly figures: readonly Column[];
  readonly names: readonly Column[];
  /** The share of the width that the names keep at least, where they say more than figures do. */
  readonly namesShare?: number;
}

export interface ColumnsLook {
  /** Live bytes of all rows, for shares. */
  readonly whole: number;
  readonly path: PathStyle;
  readonly marks: Marks;
  readonly hasMark: boolean;
  /** A process has objects of Python. */
  readonly hasPython: boolean;
  /** Of the tree of stacks. */
  readonly direction: TreeChoice['direction'];
  /** The recent past of a row; null where there is only one look. */
  readonly past: ((key: number) => readonly number[]) | null;
}

export const figure = (
  title: string,
  priority: number,
  least: number,
  text: (row: Row) => string,
  sort?: SortKey,
): Column => ({ title, align: 'right', least, priority, cut: 'end', text, ...(sort ? { sort } : {}) });

export const name = (title: string, cut: Column['cut'], text: Column['text']): Column => ({
  title,
  align: 'left',
  least: 0,
  priority: 0,
  cut,
  text,
});

/** Below this a name says nothing: rather no place. */
const NAME_LEAST = 12;

/** A name and where it is: of long names (C++, Rust) the end is cut off, so that the place is seen. */
export const nameAndPlace = (
  name: string,
  place: string,
  columns = Number.POSITIVE_INFINITY,
  ellipsis = '',
): string => {
  const room = columns - width(place);
  return room < NAME_LEAST ? `${name}${place}` : `${cutEnd(name, room, ellipsis)}${place}`;
};

/** Where an older file does not tell. */
export const bytesOrNot = (bytes: number | undefined): string =>
  bytes === undefined ? '?' : formatBytes(bytes);
export const countOrNot = (count: number | undefined): string =>
  count === undefined ? '?' : formatCount(count);
