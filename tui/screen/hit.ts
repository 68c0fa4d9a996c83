/** What is at a place of the screen, for the mouse. Pure. */
import type { Action } from '../actions.js';
import { rowsOf } from '../rows.js';
import { placeOf, type State, viewsOf } from '../state.js';
import { lineWidth } from './cells.js';
import { layoutOf } from './layout.js';
import { type Look, shownTable, tabLine } from './screen.js';

/** @returns what a click there asks for; null for nothing */
export const hitAt = (state: State, look: Look, column: number, row: number): Action | null => {
  if (state.overlay !== 'none' || state.prompt) return null;
  const { facts, plot, body } = layoutOf(state.size);
  const fromTabs = row - facts - plot;
  if (fromTabs === 0) return tabAt(state, column);
  if (fromTabs === 1) {
    const found = shownTable(state, look).places.find(({ from, to }) => column >= from && column < to);
    return found?.column.sort ? { kind: 'sortBy', sort: found.column.sort } : null;
  }
  const inBody = fromTabs - 2;
  const index = state.cursors[placeOf(state)].top + inBody;
  return inBody >= 0 && inBody < body && index < rowsOf(state).length ? { kind: 'select', index } : null;
};

const tabAt = (state: State, column: number): Action | null => {
  const tabs = tabLine(state).slice(0, viewsOf(state).length);
  let from = 0;
  for (const [index, tab] of tabs.entries()) {
    from += lineWidth([tab]);
    if (column < from) return { kind: 'view', index };
  }
  return null;
};
