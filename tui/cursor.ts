/** Where the user is in what is shown: moves, stays on its row wherever that goes, and on the screen. Pure. */
import type { Row } from './row.js';
import { rowsOf } from './rows.js';
import { layoutOf } from './screen/layout.js';
import { type Cursor, placeOf, type State } from './state.js';

export const cursorOf = (state: State): Cursor => state.cursors[placeOf(state)];

export const rowAtCursor = (state: State): Row | undefined => rowsOf(state)[cursorOf(state).at];

export const moved = (state: State, to: number): State => {
  const rows = rowsOf(state);
  const at = Math.max(0, Math.min(to, rows.length - 1));
  const key = at === homeOf(state, rows) ? null : (rows[at]?.key ?? null);
  return withCursor(state, scrolled({ ...cursorOf(state), at, key }, rows.length, state));
};

/** The rows move below the cursor, which moves when it would leave the screen. */
export const rolled = (state: State, by: number): State => {
  const rows = rowsOf(state);
  const { body } = layoutOf(state.size);
  const cursor = cursorOf(state);
  const top = Math.max(0, Math.min(cursor.top + by, rows.length - body));
  const at = Math.max(top, Math.min(cursor.at, top + body - 1));
  return moved(withCursor(state, { ...cursor, top }), at);
};

/** Keeps the cursor on its row wherever that went, and on the screen. */
export const settled = (state: State): State => {
  const rows = rowsOf(state);
  const { at, key, top } = cursorOf(state);
  const found = key === null ? homeOf(state, rows) : rows.findIndex((row: Row) => row.key === key);
  const kept = found >= 0 ? found : Math.max(0, Math.min(at, rows.length - 1));
  return withCursor(state, scrolled({ at: kept, key, top }, rows.length, state));
};

export const withCursor = (state: State, cursor: Cursor): State => ({
  ...state,
  cursors: { ...state.cursors, [placeOf(state)]: cursor },
});

/** Where a cursor is that follows no row: at the largest, or at the newest of what is written. */
const homeOf = (state: State, rows: readonly Row[]): number =>
  placeOf(state) === 'output' ? Math.max(0, rows.length - 1) : 0;

const scrolled = (cursor: Cursor, count: number, { size }: State): Cursor => {
  const { body } = layoutOf(size);
  const latest = Math.max(0, count - body);
  const top = Math.min(Math.max(cursor.top, cursor.at - body + 1), cursor.at, latest);
  return { ...cursor, top: Math.max(0, top) };
};
