/** The timeline of live memory, that of Python's own allocator with it, as blocks, with the resident set above it, or both in ASCII. Pure. */
import type { TimelinePoint } from '../../proto/snapshot.js';
import { width } from '../../views/text.js';
import { formatBytes } from '../../views/units.js';
import { type Line, type Span, span } from './cells.js';
import { type Glyphs, MARKS } from './glyphs.js';

/** @returns `rows` lines: at the left the scale, then the run from its start to now */
export const plotLines = (
  points: readonly TimelinePoint[],
  columns: number,
  rows: number,
  glyphs: Glyphs,
): readonly Line[] => {
  const most = Math.max(0, ...points.map((point) => Math.max(liveOf(point), point.rssBytes)));
  const scale = formatBytes(most);
  const legend = rows > 2 ? [scale, 'live', 'RSS'] : [scale];
  const left = Math.max(width(scale), 9) + 2;
  const { steps, resident } = MARKS[glyphs];
  const perRow = steps.length - 1;
  const heights = (of: (point: TimelinePoint) => number): readonly number[] =>
    columnsOf(points, of, columns - left - 1).map((bytes) =>
      most > 0 ? Math.ceil((bytes / most) * rows * perRow) : 0,
    );
  const live = heights(liveOf);
  const rss = heights(({ rssBytes }) => rssBytes);
  const signs = ['', ` ${steps.at(-1)}`, ` ${resident}`];
  return Array.from({ length: rows }, (_, row) => {
    const isLast = row === rows - 1;
    const label = isLast ? '0 B' : `${legend[row] ?? ''}${signs[legend[row] ? row : 0] ?? ''}`;
    const fromBottom = rows - 1 - row;
    const cells = live.map((height, at): Span => {
      const filled = Math.max(0, Math.min(perRow, height - fromBottom * perRow));
      if (filled > 0) return { text: steps.charAt(filled), style: 'plot' };
      const above = (rss[at] ?? 0) - fromBottom * perRow;
      return above > 0 && above <= perRow ? { text: resident, style: 'faint' } : { text: ' ', style: 'plot' };
    });
    return [span(`${label.padStart(left - 1)} `, 'faint'), ...joined(cells)];
  });
};

/** What the rows below show: blocks of the heap, and objects of the Python interpreter. */
const liveOf = ({ liveBytes, pythonBytes = 0 }: TimelinePoint): number => liveBytes + pythonBytes;

/** Neighbours of one style as one piece. */
const joined = (cells: readonly Span[]): Line => {
  const line: Span[] = [];
  for (const cell of cells) {
    const last = line.at(-1);
    if (last?.style === cell.style) line[line.length - 1] = { ...last, text: last.text + cell.text };
    else line.push(cell);
  }
  return line;
};

/** The largest value of each slice of time; where a slice has none, the value before goes on. */
const columnsOf = (
  points: readonly TimelinePoint[],
  of: (point: TimelinePoint) => number,
  count: number,
): readonly number[] => {
  const last = points.at(-1);
  if (!last || count < 1) return [];
  const slices: (number | undefined)[] = Array.from({ length: count }, () => undefined);
  for (const point of points) {
    const { ms } = point;
    const at = last.ms > 0 ? Math.min(count - 1, Math.floor((ms / last.ms) * count)) : count - 1;
    slices[at] = Math.max(slices[at] ?? 0, of(point));
  }
  let before = 0;
  return slices.map((value) => {
    before = value ?? before;
    return before;
  });
};
