/**
 * A table whose first columns are numbers, right-aligned, then a place, then free text to the end of the line;
 * under each row there may be further lines (source text, stack frames). Never wider than the surface.
 */

import { clean, cutEnd, cutStart, padEnd, padStart, widest } from '../../views/text.js';
import type { Surface } from './surface.js';

export interface TableRow {
  readonly numbers: readonly string[];
  /** "src/main.c:12": cut at its start. */
  readonly place: string;
  /** "main": cut at its end. */
  readonly name: string;
  /** Shown below, indented. */
  readonly below?: readonly string[];
  readonly mood?: 'more' | 'less';
}

export interface TableHead {
  readonly numbers: readonly string[];
  readonly place: string;
  readonly name: string;
}

const GAP = '  ';
const INDENT = '  ';
/** The place takes at most this share of what the numbers leave. */
const PLACE_SHARE = 0.55;

export const tableLines = (
  head: TableHead,
  found: readonly TableRow[],
  surface: Surface,
): readonly string[] => {
  const rows = found.map((row) => ({ ...row, place: clean(row.place), name: clean(row.name) }));
  const { paint, ellipsis } = surface;
  const widths = head.numbers.map((title, at) =>
    widest([title, ...rows.map((row) => row.numbers[at] ?? '')]),
  );
  const numbersWidth = INDENT.length + widths.reduce((sum, each) => sum + each + GAP.length, 0);
  const room = Math.max(0, surface.width - numbersWidth);
  const longestPlace = widest([head.place, ...rows.map(({ place }) => place)]);
  const longestName = widest([head.name, ...rows.map(({ name }) => name)]);
  const placeWidth =
    longestPlace + GAP.length + longestName <= room
      ? longestPlace
      : Math.min(longestPlace, Math.max(Math.floor(room * PLACE_SHARE), room - GAP.length - longestName));
  const nameWidth = Math.max(0, room - placeWidth - GAP.length);

  const line = (cells: TableHead, decorate: (text: string) => string = (text) => text): string => {
    const numbers = cells.numbers.map((cell, at) => padStart(cell, widths[at] ?? 0) + GAP).join('');
    const place = padEnd(cutStart(cells.place, placeWidth, ellipsis), placeWidth);
    const name = cutEnd(cells.name, nameWidth, ellipsis);
    return INDENT + decorate(numbers) + `${place}${name === '' ? '' : GAP + name}`.trimEnd();
  };
  const below = (text: string): string => {
    const indent = ' '.repeat(numbersWidth) + INDENT;
    return indent + paint.faint(cutEnd(clean(text), Math.max(0, surface.width - indent.length), ellipsis));
  };
  return [
    paint.faint(line(head)),
    ...rows.flatMap((row) => [
      line(row, row.mood ? paint[row.mood] : undefined),
      ...(row.below ?? []).map(below),
    ]),
  ];
};
