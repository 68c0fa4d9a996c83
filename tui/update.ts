/** (state, what happened) → state. Pure: what has to be done besides (sending, leaving) is the app's. */
import type { Header, Table } from '../proto/messages.js';
import type { Metric } from '../proto/snapshot.js';
import type { Action } from './actions.js';
import { NO_OUTPUT, withText } from './output.js';
import { type Row, rowsOf } from './rows.js';
import { layoutOf } from './screen/layout.js';
import {
  ALL_AT_TOP,
  type Connection,
  type Cursor,
  NO_PICTURE,
  type ShownView,
  type Size,
  type State,
  type TableView,
  viewsOf,
} from './state.js';

export type Happening =
  | { readonly kind: 'action'; readonly action: Action }
  /** A state of a view; without a table the one before holds. */
  | {
      readonly kind: 'update';
      readonly view: TableView;
      readonly header: Header;
      readonly table: Table | undefined;
    }
  | { readonly kind: 'resize'; readonly size: Size }
  | { readonly kind: 'connection'; readonly connection: Connection }
  | { readonly kind: 'notice'; readonly text: string }
  /** More of what the program writes. */
  | { readonly kind: 'output'; readonly text: string };

export const update = (state: State, happening: Happening): State => {
  switch (happening.kind) {
    case 'action':
      return act({ ...state, notice: null }, happening.action);
    case 'update': {
      const { view, header, table } = happening;
      const { tables } = state.newest;
      // The header comes with every view; that of one that is not shown may be older.
      const isNewer = !state.newest.header || header.takenAt >= state.newest.header.takenAt;
      const newest = {
        ...state.newest,
        header: isNewer ? header : state.newest.header,
        tables: table ? { ...tables, [view]: table } : tables,
      };
      return settled({ ...state, newest });
    }
    case 'resize':
      return settled({ ...state, size: happening.size });
    case 'connection':
      return { ...state, connection: happening.connection };
    case 'notice':
      return { ...state, notice: happening.text };
    case 'output': {
      const output = withText(state.newest.output ?? NO_OUTPUT, happening.text);
      return settled({ ...state, newest: { ...state.newest, output } });
    }
  }
};

/** The order in which `s` goes through them. */
export const SORTS: readonly Metric[] = ['live', 'blocks', 'peak', 'total', 'temporary'];

const act = (state: State, action: Action): State => {
  switch (action.kind) {
    case 'help':
      return { ...state, overlay: state.overlay === 'help' ? 'none' : 'help' };
    case 'back':
      if (state.overlay !== 'none') return { ...state, overlay: 'none' };
      return state.process === 'main' ? state : choose(state, 'main');
    case 'hold':
      return settled({ ...state, held: state.held ? null : state.newest });
    case 'move':
      return moved(state, cursorOf(state).at + action.by);
    case 'page':
      return moved(state, cursorOf(state).at + Math.trunc(action.by * layoutOf(state.size).body));
    case 'first':
      return moved(state, 0);
    case 'last':
      return moved(state, rowsOf(state).length - 1);
    case 'sort': {
      const at = SORTS.indexOf(state.sort);
      const sort = SORTS[(at + action.by + SORTS.length) % SORTS.length] ?? 'live';
      return settled({ ...state, sort });
    }
    case 'invert': {
      const order = state.order === 'descending' ? 'ascending' : 'descending';
      return settled({ ...state, order });
    }
    case 'turnView': {
      const views = viewsOf(state);
      const at = views.indexOf(state.view);
      return shown(state, views[(at + action.by + views.length) % views.length]);
    }
    case 'view':
      return shown(state, viewsOf(state)[action.index]);
    case 'choose':
      return chosen(state);
    case 'quit':
    case 'redraw':
    case 'suspend':
      return state;
  }
};

const shown = (state: State, view: ShownView | undefined): State =>
  view ? settled({ ...state, view, overlay: 'none' }) : state;

/** Enter on a process looks into it. */
const chosen = (state: State): State => {
  const row = rowsOf(state)[cursorOf(state).at];
  if (row?.kind === 'all') return choose(state, 'all');
  if (row?.kind !== 'process') return state;
  return row.row.untraced === null
    ? choose(state, row.row.index)
    : { ...state, notice: `Process ${row.row.pid} is not traced: ${row.row.untraced}` };
};

const choose = (state: State, process: State['process']): State => {
  const { processes } = state.newest.tables;
  return {
    ...state,
    process,
    view: 'lines',
    held: null,
    newest: { ...NO_PICTURE, tables: processes ? { processes } : {}, output: state.newest.output },
    cursors: { ...ALL_AT_TOP, processes: state.cursors.processes, output: state.cursors.output },
  };
};

const cursorOf = (state: State): Cursor => state.cursors[state.view];

const moved = (state: State, to: number): State => {
  const rows = rowsOf(state);
  const at = Math.max(0, Math.min(to, rows.length - 1));
  const key = at === homeOf(state, rows) ? null : (rows[at]?.key ?? null);
  return withCursor(state, scrolled({ ...cursorOf(state), at, key }, rows.length, state));
};

/** Where a cursor is that follows no row: at the largest, or at the newest of what is written. */
const homeOf = ({ view }: State, rows: readonly Row[]): number =>
  view === 'output' ? Math.max(0, rows.length - 1) : 0;

/** Keeps the cursor on its row wherever that went, and on the screen. */
const settled = (state: State): State => {
  const rows = rowsOf(state);
  const { at, key, top } = cursorOf(state);
  const found = key === null ? homeOf(state, rows) : rows.findIndex((row: Row) => row.key === key);
  const kept = found >= 0 ? found : Math.max(0, Math.min(at, rows.length - 1));
  return withCursor(state, scrolled({ at: kept, key, top }, rows.length, state));
};

const scrolled = (cursor: Cursor, count: number, { size }: State): Cursor => {
  const { body } = layoutOf(size);
  const latest = Math.max(0, count - body);
  const top = Math.min(Math.max(cursor.top, cursor.at - body + 1), cursor.at, latest);
  return { ...cursor, top: Math.max(0, top) };
};

const withCursor = (state: State, cursor: Cursor): State => ({
  ...state,
  cursors: { ...state.cursors, [state.view]: cursor },
});
