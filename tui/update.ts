/** (state, what happened) → state. Pure: what has to be done besides (sending, leaving) is the app's. */
import type { Header, Table } from '../proto/messages.js';
import type { Action } from './actions.js';
import { cursorOf, moved, rolled, rowAtCursor, settled, withCursor } from './cursor.js';
import { keyOfLine } from './detail.js';
import { helpScrolled, withHelpTop } from './helpScroll.js';
import { NO_HISTORY, withLook } from './history.js';
import { connected } from './leaving.js';
import { NO_OUTPUT, withText } from './output.js';
import { accepted, cancelled, filtered, found, prompted, recalled, soughtAgain, typed } from './prompt.js';
import { rowsOf } from './rows.js';
import { layoutOf } from './screen/layout.js';
import { SORTS } from './sorts.js';
import {
  ALL_AT_TOP,
  AT_TOP,
  type Connection,
  INTERVALS_MS,
  type Mark,
  NO_PICTURE,
  type ShownView,
  type Size,
  type Slot,
  type Source,
  type State,
  viewsOf,
} from './state.js';
import { closed, opened, openedBelow, turned } from './treeChoice.js';
import { caretMoved, erased, inserted } from './typing.js';

export type Happening =
  | { readonly kind: 'action'; readonly action: Action }
  /** A state of a view; without a table the one before holds. */
  | {
      readonly kind: 'update';
      readonly view: Slot;
      readonly header: Header;
      readonly table: Table | undefined;
    }
  | { readonly kind: 'resize'; readonly size: Size }
  | { readonly kind: 'connection'; readonly connection: Connection }
  /** The daemon has said nothing for so long. */
  | { readonly kind: 'silence'; readonly ms: number }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'mark'; readonly mark: Mark }
  | { readonly kind: 'source'; readonly file: string; readonly source: Source }
  /** More of what the program writes. */
  | { readonly kind: 'output'; readonly text: string };

export const update = (state: State, happening: Happening): State => {
  switch (happening.kind) {
    case 'action':
      return act({ ...state, notice: null }, happening.action);
    case 'update':
      return updated(state, happening);
    case 'resize':
      return withHelpTop(settled({ ...state, size: happening.size }), state.helpTop);
    case 'connection':
      return connected(state, happening.connection);
    case 'silence':
      return { ...state, silentMs: happening.ms };
    case 'notice':
      return { ...state, notice: happening.text };
    case 'mark':
      return {
        ...state,
        mark: happening.mark,
        notice: 'Marked: d shows what has grown since.',
      };
    case 'source': {
      const sources = new Map(state.sources).set(happening.file, happening.source);
      return settled({ ...state, sources });
    }
    case 'output': {
      const output = withText(state.newest.output ?? NO_OUTPUT, happening.text);
      return settled({ ...state, newest: { ...state.newest, output } });
    }
  }
};

const updated = (state: State, { view, header, table }: Extract<Happening, { kind: 'update' }>): State => {
  const { tables } = state.newest;
  // The header comes with every view; that of one that is not shown may be older.
  const isNewer = !state.newest.header || header.takenAt >= state.newest.header.takenAt;
  const newest = {
    ...state.newest,
    header: isNewer ? header : state.newest.header,
    tables: table ? { ...tables, [view]: table } : tables,
    lookedAt: { ...state.newest.lookedAt, [view]: header.takenAt },
  };
  const history = view === state.view ? withLook(state.history, view, newest.tables[view]) : state.history;
  const mainPid = state.process === 'main' ? (header.process?.pid ?? state.mainPid) : state.mainPid;
  const highest =
    state.highest === null ? null : Math.max(state.highest, newest.header?.totals.liveBytes ?? 0);
  return soughtAgain(settled({ ...state, newest, history, mainPid, highest, silentMs: 0 }));
};

const act = (state: State, action: Action): State => {
  const scrolled = helpScrolled(state, action);
  if (scrolled) return scrolled;
  switch (action.kind) {
    case 'help':
      return { ...state, overlay: state.overlay === 'help' ? 'none' : 'help', helpTop: 0 };
    case 'back':
      return back(state);
    case 'hold':
      return settled({ ...state, held: state.held ? null : state.newest });
    case 'move':
      return moved(state, cursorOf(state).at + action.by);
    case 'scroll':
      return rolled(state, action.by);
    case 'page':
      return moved(state, cursorOf(state).at + Math.trunc(action.by * layoutOf(state.size).body));
    case 'first':
      return moved(state, 0);
    case 'last':
      return moved(state, rowsOf(state).length - 1);
    case 'select':
      return action.index === cursorOf(state).at ? chosen(state) : moved(state, action.index);
    case 'sort': {
      const sorts = SORTS.filter((sort) => sort !== 'growth' || state.mark);
      const at = sorts.indexOf(state.sort);
      return sortedBy(state, sorts[(at + action.by + sorts.length) % sorts.length] ?? 'live');
    }
    case 'sortBy':
      return action.sort === state.sort ? inverted(state) : sortedBy(state, action.sort);
    case 'difference':
      if (!state.mark)
        return { ...state, notice: state.connection.kind === 'live' ? NO_MARK : NO_MARK_ANY_MORE };
      return sortedBy(state, state.sort === 'growth' ? state.sortBefore : 'growth');
    case 'follow':
      return followed(state);
    case 'resetPeak':
      return peakReset(state);
    case 'invert':
      return inverted(state);
    case 'tree':
      return state.view === 'stacks' && !state.detail
        ? settled({ ...state, tree: turned(state.tree), cursors: { ...state.cursors, stacks: AT_TOP } })
        : shown(state, 'stacks');
    case 'open':
      return state.detail ? widened(state, action.how) : branched(state, action.how);
    case 'turnView': {
      const views = viewsOf(state);
      const at = views.indexOf(state.view);
      return shown(state, views[(at + action.by + views.length) % views.length]);
    }
    case 'view':
      return shown(state, viewsOf(state)[action.index]);
    case 'show':
      return shown(state, viewsOf(state).includes(action.view) ? action.view : undefined);
    case 'choose':
      return chosen(state);
    case 'pace':
      return paced(state, action.by);
    case 'search':
    case 'filter':
      return prompted(state, action.kind);
    case 'found':
      return found(state, action.by);
    case 'type':
      return typed(state, (typing) => inserted(typing, action.text));
    case 'caret':
      return typed(state, (typing) => caretMoved(typing, action.by, action.over));
    case 'erase':
      return typed(state, (typing) => erased(typing, action.by, action.what));
    case 'recall':
      return recalled(state, action.by);
    case 'accept':
      return accepted(state);
    case 'cancel':
      return state.prompt ? cancelled(state) : { ...state, overlay: 'none' };
    case 'quit':
      return { ...state, overlay: 'leave' };
    default:
      return state; // the app's
  }
};

/** Closes what was opened last, one thing at a time. */
const back = (state: State): State => {
  if (state.overlay !== 'none') return { ...state, overlay: 'none' };
  if (state.detail) return settled({ ...state, detail: null });
  if (state.search !== '') return { ...state, search: '' };
  if (state.filter) return filtered(state, '');
  return state.process === 'main' ? state : choose(state, 'main');
};

const sortedBy = (state: State, sort: State['sort']): State =>
  settled({
    ...state,
    sort,
    sortBefore: state.sort === 'growth' ? state.sortBefore : state.sort,
    order: 'descending',
  });

/** The first row is followed only when asked to: at the top one means whatever is largest. */
const followed = (state: State): State => {
  const row = rowAtCursor(state);
  if (!row) return state;
  const cursor = cursorOf(state);
  const isFollowed = cursor.at === 0 && cursor.key !== null;
  const notice = isFollowed
    ? 'The cursor stays at the top.'
    : 'Following: the cursor stays on this row, wherever it goes.';
  return { ...withCursor(state, { ...cursor, key: isFollowed ? null : row.key }), notice };
};

/** The peak of the process stays what it was: this one is of what is seen from now on. */
const peakReset = (state: State): State => {
  const { header } = state.newest;
  return header ? { ...state, highest: header.totals.liveBytes } : state;
};

const inverted = (state: State): State =>
  settled({ ...state, order: state.order === 'descending' ? 'ascending' : 'descending' });

const shown = (state: State, view: ShownView | undefined): State =>
  view
    ? settled({
        ...state,
        view,
        overlay: 'none',
        detail: null,
        history: view === state.view ? state.history : NO_HISTORY,
        filter: state.filter?.ofThreads && view !== 'threads' ? null : state.filter,
      })
    : state;

const paced = (state: State, by: number): State => {
  const at = INTERVALS_MS.indexOf(state.intervalMs) + by;
  const intervalMs = INTERVALS_MS[Math.max(0, Math.min(at, INTERVALS_MS.length - 1))] ?? state.intervalMs;
  return { ...state, intervalMs, notice: `Every ${intervalMs / 1000} s` };
};

/** Enter looks into a process or a row, and opens or closes a node. */
const chosen = (state: State): State => {
  if (state.overlay === 'help') return { ...state, overlay: 'none' };
  const row = rowAtCursor(state);
  switch (row?.kind) {
    case 'all':
      return choose(state, 'all');
    case 'process':
      return row.row.untraced === null
        ? choose(state, row.row.index)
        : { ...state, notice: `Process ${row.row.pid} is not traced: ${row.row.untraced}` };
    case 'node':
      return branched(state, row.row.state === 'open' ? 'less' : 'more');
    case 'sum':
      return lookedInto(state, row.row);
    default:
      return state;
  }
};

const choose = (state: State, process: State['process']): State => {
  const { processes } = state.newest.tables;
  return {
    ...state,
    process,
    highest: null,
    view: 'lines',
    detail: null,
    held: null,
    history: NO_HISTORY,
    newest: { ...NO_PICTURE, tables: processes ? { processes } : {}, output: state.newest.output },
    cursors: { ...ALL_AT_TOP, processes: state.cursors.processes, output: state.cursors.output },
  };
};

/** What was not asked for then cannot be shown of then. */
const NO_MARK = 'There is no mark yet: m sets one.';
const NO_MARK_ANY_MORE = 'No mark was set while the session ran.';
const NO_LONGER_HELD = 'No longer held: what is looked into is shown as it is now.';

const lookedInto = (state: State, row: NonNullable<State['detail']>['row']): State => {
  const { view } = state;
  if (view !== 'lines' && view !== 'functions' && view !== 'files' && view !== 'modules') return state;
  const { 'detail lines': _, 'detail blocks': __, 'detail stacks': ___, ...tables } = state.newest.tables;
  const context = Math.max(2, Math.floor(layoutOf(state.size).body / 5));
  const key = view === 'lines' && row.line !== null ? keyOfLine(row.line) : null;
  return settled({
    ...state,
    detail: { view, row, context },
    held: null,
    notice: state.held ? NO_LONGER_HELD : state.notice,
    newest: { ...state.newest, tables },
    cursors: { ...state.cursors, detail: { ...AT_TOP, key } },
  });
};

/** More or less of the source around a line. */
const widened = (state: State, how: 'more' | 'less' | 'all'): State => {
  const { detail } = state;
  if (!detail) return state;
  const { context } = detail;
  const wider =
    how === 'all' ? Number.POSITIVE_INFINITY : how === 'more' ? context * 2 : Math.min(context, 2000) / 2;
  return settled({ ...state, detail: { ...detail, context: Math.max(1, Math.floor(wider)) } });
};

const branched = (state: State, how: 'more' | 'less' | 'all'): State => {
  const row = rowAtCursor(state);
  if (row?.kind !== 'node') return state;
  const { key, state: isNow } = row.row;
  if (how === 'more') return isNow === 'closed' ? follow(state, opened(state.tree, key)) : state;
  if (how === 'all') return isNow === 'leaf' ? state : follow(state, openedBelow(state.tree, key));
  if (isNow === 'open') return follow(state, closed(state.tree, key));
  // Nothing to close here: up to whoever it belongs to.
  const rows = rowsOf(state);
  const { at } = cursorOf(state);
  const parent = rows
    .slice(0, at)
    .findLastIndex((each) => each.kind === 'node' && each.row.depth < row.row.depth);
  return parent < 0 ? state : moved(state, parent);
};

/** The cursor stays on its node, also on the first one. */
const follow = (state: State, tree: State['tree']): State => {
  const key = rowAtCursor(state)?.key ?? null;
  return { ...state, tree, cursors: { ...state.cursors, stacks: { ...state.cursors.stacks, key } } };
};
