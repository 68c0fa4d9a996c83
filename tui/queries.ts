/**
 * Which views the state needs from the daemon. Pure. The one that is shown comes again and again; the others seldom, so
 * that there is something to browse while the display is held or when the daemon has gone.
 */
import { ROW_LIMIT, type Subscribe } from '../proto/messages.js';
import { placeOf, type Slot, type State, TABLE_VIEWS, type TableView } from './state.js';

export type Wanted = Omit<Subscribe, 'type' | 'id'>;
export type WantedViews = Readonly<Partial<Record<Slot, Wanted>>>;

/** Rows are asked for in steps, ahead of the cursor. */
const STEP = 100;
/** Among so many rows is searched. */
const SEARCHED = 2000;
const SELDOM_MS = 5000;
const MOST_LINES = 2000;
const MOST_STACKS = 100;

export const wantedViews = (state: State): WantedViews => {
  const { process, sort, order, cursors, filter, mark, detail, intervalMs, view } = state;
  const common = {
    process,
    kind: 'payload',
    order,
    sort: sort === 'growth' && !mark ? 'live' : sort,
    ...(mark ? { since: mark.number } : {}),
  } as const;
  const place = placeOf(state);
  const isSearching = state.search !== '' || state.prompt?.kind === 'search';
  const wanted = (each: TableView): Wanted => {
    const ahead = STEP * (1 + Math.ceil((cursors[each].at + 1) / STEP));
    return {
      ...common,
      ...(filter && !filter.ofThreads && isFiltered(each) ? { filter: filter.text } : {}),
      view: each === 'stacks' ? 'tree' : each,
      ...(each === 'stacks' ? { tree: state.tree } : {}),
      limit: Math.min(ROW_LIMIT, isSearching && each === view ? Math.max(SEARCHED, ahead) : ahead),
      // Above the output the header goes on.
      intervalMs:
        each === (place === 'output' ? 'lines' : place) ? intervalMs : Math.max(intervalMs, SELDOM_MS),
    };
  };
  // The tree of stacks is dear: it is made for those who look at it.
  const isLookedAt = (each: TableView): boolean =>
    each !== 'stacks' || view === 'stacks' || state.newest.tables.stacks !== undefined;
  const views = Object.fromEntries(TABLE_VIEWS.filter(isLookedAt).map((each) => [each, wanted(each)]));
  if (!detail) return views;
  const { file } = detail.row;
  const within = { view: detail.view, key: detail.row.key };
  return {
    ...views,
    'detail blocks': { ...common, view: 'blocks', within, limit: ROW_LIMIT, intervalMs },
    'detail stacks': {
      ...common,
      view: 'stacks',
      within,
      limit: MOST_STACKS,
      intervalMs,
    },
    ...(file !== null && detail.view === 'lines'
      ? { 'detail lines': { ...common, view: 'lines', file, limit: MOST_LINES, intervalMs } }
      : {}),
  };
};

/** The others are short, and filtered where they are shown: threads by what the daemon's rows do not know. */
const isFiltered = (view: TableView): boolean =>
  view !== 'threads' && view !== 'sizes' && view !== 'processes';

/** A file whose text is needed and not there yet. */
export const wantedSource = ({ detail, sources }: State): string | null => {
  const file = detail?.view === 'lines' ? detail.row.file : null;
  return file !== null && !sources.has(file) ? file : null;
};
