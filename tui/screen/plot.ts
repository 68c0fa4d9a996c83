/** The timeline of live memory as a plot of blocks, or of ASCII where the locale has no better. Pure. */
import type { TimelinePoint } from '../../proto/snapshot.js';
import { width } from '../../views/text.js';
import { formatBytes } from '../../views/units.js';
import { type Line, span } from './cells.js';

export type Glyphs = 'unicode' | 'ascii';

/** From empty to full. */
const STEPS: Readonly<Record<Glyphs, string>> = { unicode: ' ▁▂▃▄▅▆▇█', ascii: ' .:-=+*#@' };

/** @returns `rows` lines: at the left the scale, then the run from its start to now */
export const plotLines = (
  points: readonly TimelinePoint[],
  columns: number,
  rows: number,
  glyphs: Glyphs,
): readonly Line[] => {
  const most = Math.max(0, ...points.map(({ liveBytes }) => liveBytes));
  const scale = formatBytes(most);
  const label = (row: number): string => (row === 0 ? scale : row === rows - 1 ? '0 B' : '');
  const left = Math.max(width(scale), 9) + 2;
  const heights = columnsOf(points, columns - left - 1).map((bytes) =>
    most > 0 ? Math.ceil((bytes / most) * rows * (STEPS[glyphs].length - 1)) : 0,
  );
  return Array.from({ length: rows }, (_, row) => {
    const text = heights.map((height) => blockAt(height, rows - 1 - row, glyphs)).join('');
    return [span(`${label(row).padStart(left - 1)} `, 'faint'), span(text, 'plot')];
  });
};

/** @param row counted from the bottom */
const blockAt = (height: number, row: number, glyphs: Glyphs): string => {
  const steps = STEPS[glyphs];
  const full = steps.length - 1;
  return steps.charAt(Math.max(0, Math.min(full, height - row * full)));
};

/** The largest value of each slice of time; where a slice has none, the value before goes on. */
const columnsOf = (points: readonly TimelinePoint[], count: number): readonly number[] => {
  const last = points.at(-1);
  if (!last || count < 1) return [];
  const slices: (number | undefined)[] = Array.from({ length: count }, () => undefined);
  for (const { ms, liveBytes } of points) {
    const at = last.ms > 0 ? Math.min(count - 1, Math.floor((ms / last.ms) * count)) : count - 1;
    slices[at] = Math.max(slices[at] ?? 0, liveBytes);
  }
  let before = 0;
  return slices.map((value) => {
    before = value ?? before;
    return before;
  });
};
