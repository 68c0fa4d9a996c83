/** The columns of lines, functions, files and modules. Pure. */
import type { ViewRow } from '../../proto/messages.js';
import { functionName, moduleName, type PathStyle, placeName } from '../../views/names.js';
import { formatBytes } from '../../views/units.js';
import { LOOKS_KEPT } from '../history.js';
import type { Row } from '../row.js';
import type { Place } from '../state.js';
import { type Column, type ColumnsLook, figure, name } from './column.js';
import {
  BLOCKS,
  GROWN_BLOCKS,
  GROWTH,
  LIVE,
  PEAK,
  share,
  TEMPORARY,
  TEMPORARY_SHARE,
  TOTAL,
} from './counterColumns.js';
import { sparkText } from './glyphs.js';

const ofSum =
  (text: (row: ViewRow) => string) =>
  (row: Row): string =>
    row.kind === 'sum' ? text(row.row) : '';

const RATE = figure(
  'alloc/s',
  3,
  9,
  ofSum(({ rate }) => (rate ? formatBytes(rate.bytesPerSecond) : '')),
  'rate',
);

export const sumFigures = ({ past, ...look }: ColumnsLook): readonly Column[] => [
  LIVE,
  ...(look.hasMark ? [GROWTH] : []),
  share(look.whole, 6),
  BLOCKS,
  ...(look.hasMark ? [GROWN_BLOCKS] : []),
  PEAK,
  ...(past ? [RATE] : []),
  TOTAL,
  TEMPORARY_SHARE,
  TEMPORARY,
  ...(past
    ? [figure('recently', 4.4, LOOKS_KEPT, (row) => sparkText(past(row.key), LOOKS_KEPT, look.marks))]
    : []),
];

export const sumNames = (view: Place, path: PathStyle): readonly Column[] => {
  const place = name(
    'where',
    'start',
    ofSum((row) => (view === 'modules' ? moduleName(row.module, path, row.user) : placeName(row, path))),
  );
  const who = name(
    'function',
    'end',
    ofSum((row) => functionName(row)),
  );
  if (view === 'functions') return [who, place];
  return view === 'lines' ? [place, who] : [place];
};
