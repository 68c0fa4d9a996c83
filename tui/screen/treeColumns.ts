/** The columns of the tree of stacks. Pure. */
import { placeName } from '../../views/names.js';
import { formatBytes } from '../../views/units.js';
import { type Column, type ColumnsLook, figure, name, nameAndPlace } from './column.js';
import { BLOCKS, countersOf, GROWTH, LIVE, PEAK, share, TEMPORARY, TOTAL } from './counterColumns.js';
import { barText } from './glyphs.js';

const BAR = 8;

export const treeFigures = (look: ColumnsLook): readonly Column[] => [
  LIVE,
  ...(look.hasMark ? [GROWTH] : []),
  figure('self', 1, 9, (row) => (row.kind === 'node' ? formatBytes(row.row.selfBytes) : '')),
  share(look.whole, 3),
  figure('', 2, BAR, (row) =>
    barText((countersOf(row)?.liveBytes ?? 0) / (look.whole || 1), BAR, look.marks),
  ),
  { ...BLOCKS, priority: 4 },
  { ...PEAK, priority: 5 },
  { ...TOTAL, priority: 6 },
  { ...TEMPORARY, priority: 7 },
];

/** Deeper ones are no longer moved to the right. */
const DEEPEST = 24;

export const treeNames = ({ marks, path, direction }: ColumnsLook): readonly Column[] => [
  name(
    direction === 'down' ? 'callers first' : 'allocators first',
    'end',
    (row, columns = Number.POSITIVE_INFINITY) => {
      if (row.kind !== 'node') return '';
      const { depth, state } = row.row;
      const place = placeName(row.row, path);
      const before = `${' '.repeat(Math.min(depth, DEEPEST))}${marks[state]} `;
      if (row.row.function === null) return before + place;
      return before + nameAndPlace(row.row.function, `  ${place}`, columns - before.length, marks.ellipsis);
    },
  ),
];
