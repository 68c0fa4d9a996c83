/** The columns of the classes of sizes. Pure. */
import type { SizeClass } from '../../proto/snapshot.js';
import { formatBytes, formatCount } from '../../views/units.js';
import type { Row } from '../row.js';
import { bytesOrNot, type Column, type ColumnsLook, countOrNot, figure, name } from './column.js';
import { barText } from './glyphs.js';

const ofSize =
  (text: (row: SizeClass) => string) =>
  (row: Row): string =>
    row.kind === 'size' ? text(row.row) : '';

export const SIZE_FIGURES: readonly Column[] = [
  figure(
    'size from',
    0,
    9,
    ofSize(({ bytes }) => formatBytes(bytes)),
  ),
  figure(
    'live blocks',
    1,
    11,
    ofSize(({ liveBlocks }) => countOrNot(liveBlocks)),
  ),
  figure(
    'live',
    2,
    9,
    ofSize(({ liveBytes }) => bytesOrNot(liveBytes)),
  ),
  figure(
    'all blocks',
    3,
    11,
    ofSize(({ blocks }) => formatCount(blocks)),
  ),
  figure(
    'total',
    4,
    9,
    ofSize(({ totalBytes }) => bytesOrNot(totalBytes)),
  ),
];

const SIZE_BAR = 32;
export const sizeNames = ({ marks }: ColumnsLook): readonly Column[] => [
  name('histogram', 'end', (row, columns = SIZE_BAR) =>
    row.kind === 'size' ? barText(row.share, Math.min(SIZE_BAR, columns), marks).trimEnd() : '',
  ),
];
