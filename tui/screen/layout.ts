/** Which parts of the screen there is room for. Pure. */
import type { Size } from '../state.js';

export interface Layout {
  /** Lines of the header: 3, on a low terminal fewer. */
  readonly facts: number;
  /** Lines of the plot; 0 for none. */
  readonly plot: number;
  /** Rows of the table. */
  readonly body: number;
}

/** Below these there is no room for a plot, or for a tall one. */
const PLOT_FROM_ROWS = 20;
const TALL_PLOT_FROM_ROWS = 34;
const FACTS = 3;
/** Tabs, the titles of the columns, the keys. */
const FIXED = 3;

export const layoutOf = ({ rows }: Size): Layout => {
  const plot = rows < PLOT_FROM_ROWS ? 0 : rows < TALL_PLOT_FROM_ROWS ? 2 : 4;
  // What is typed stands in the last line: rather a fact less than that.
  const facts = Math.max(0, Math.min(FACTS, rows - FIXED - 1));
  return { facts, plot, body: Math.max(1, rows - facts - FIXED - plot) };
};
