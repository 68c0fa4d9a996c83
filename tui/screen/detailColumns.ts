/** The columns of a row that is looked into. Pure. */
import type { RowCounters, SourcePlace } from '../../proto/messages.js';
import { type PathStyle, placeName } from '../../views/names.js';
import { formatBytes, formatCount } from '../../views/units.js';
import type { BlockClass } from '../row.js';
import { type Column, type ColumnsLook, figure, name, nameAndPlace } from './column.js';
import { BLOCKS, counted, GROWTH, LIVE, TOTAL } from './counterColumns.js';
import { barText, type Marks } from './glyphs.js';

const unsorted = ({ sort: _, ...column }: Column): Column => column;

/** What also classes of blocks have. */
const orOfClass = (column: Column, text: (row: BlockClass) => string): Column => ({
  ...column,
  text: (row) => (row.kind === 'class' ? text(row.row) : column.text(row)),
});

const eachText = ({ liveBlocks, liveBytes }: BlockClass | RowCounters): string =>
  liveBlocks > 0 ? formatBytes(liveBytes / liveBlocks) : '';

export const detailFigures = (look: ColumnsLook): readonly Column[] => [
  orOfClass(unsorted(LIVE), ({ liveBytes }) => formatBytes(liveBytes)),
  ...(look.hasMark ? [unsorted(GROWTH)] : []),
  orOfClass(unsorted(BLOCKS), ({ liveBlocks }) => formatCount(liveBlocks)),
  orOfClass(figure('each', 2, 9, counted(eachText)), eachText),
  unsorted(TOTAL),
];

const CLASS_NAME = 15;
const CLASS_BAR = 10;

export const detailNames = ({ marks, path }: ColumnsLook): readonly Column[] => [
  name('', 'end', (row, columns) => {
    switch (row.kind) {
      case 'source': {
        const { line, text, isChosen } = row.source;
        return `${isChosen ? marks.here : ' '}${String(line).padStart(5)}  ${text.replace(/\t/g, '    ')}`;
      }
      case 'stack':
        return fitted(
          shortened(row.row.frames?.[0] ?? placeName(row.row, path), row.row.places?.[0] ?? null, path),
          columns,
          marks,
        );
      case 'class':
        return `${row.row.name.padEnd(CLASS_NAME)} ${barText(row.share, CLASS_BAR, marks).trimEnd()}`;
      case 'frame':
        return fitted(`  ${shortened(row.text, row.place, path)}`, columns, marks);
      default:
        return row.kind === 'title' ? row.text : '';
    }
  }),
];

/** "function (place)", of which the place stays. */
const fitted = (text: string, columns: number | undefined, { ellipsis }: Marks): string => {
  const place = text.lastIndexOf(' (');
  return place < 0 ? text : nameAndPlace(text.slice(0, place), text.slice(place), columns, ellipsis);
};

/** A frame's text with its file as paths are written here. */
const shortened = (text: string, place: SourcePlace | null, path: PathStyle): string =>
  place ? text.replace(place.file, () => path(place.file)) : text;
