/**
 * Rows as lines of a table: how each cell is drawn. Figures right-aligned, the one that is sorted by marked, names cut
 * so that what says most stays. Pure.
 */
import { clean, cutEnd, cutStart } from '../../views/text.js';
import type { Row } from '../row.js';
import { aligned, fillLine, type Line, restyled, type Style, span } from './cells.js';
import { type Column, nameAndPlace } from './column.js';
import { fittingFigures, fittingNames, GAP, type TableLook, titleOf } from './fit.js';

export interface TableLines {
  readonly head: Line;
  readonly rows: readonly Line[];
  /** Where each column stands, from the left. */
  readonly places: readonly { readonly column: Column; readonly from: number; readonly to: number }[];
}

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
        row.kind === 'title' ? titleText(row, look) : line((column, columns) => column.text(row, columns)),
        toneOf(row),
      ),
    ]),
  };
};

/** Across all columns. */
const titleText = ({ text, place = '' }: Extract<Row, { kind: 'title' }>, look: TableLook): string =>
  cutEnd(
    nameAndPlace(clean(text), clean(place), look.width, look.marks.ellipsis),
    look.width,
    look.marks.ellipsis,
  );

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
