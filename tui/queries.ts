/**
 * Which views the state needs from the daemon. Pure. The one that is shown comes again and again; the others once
 * at first and once at the end, so that there is something to browse when the daemon has gone.
 */
import { ONLY_FIRST_AND_LAST, ROW_LIMIT, type Subscribe } from '../proto/messages.js';
import { type State, TABLE_VIEWS, type TableView } from './state.js';

export type Wanted = Omit<Subscribe, 'type' | 'id'>;

const INTERVAL_MS = 400;
/** Rows are asked for in steps, ahead of the cursor. */
const STEP = 200;

export const wantedViews = (state: State): Readonly<Record<TableView, Wanted>> => {
  const { process, sort, order, cursors } = state;
  const wanted = (view: TableView): Wanted => ({
    view,
    process,
    sort,
    order,
    kind: 'payload',
    limit: Math.min(ROW_LIMIT, STEP * (1 + Math.ceil((cursors[view].at + 1) / STEP))),
    // Above the output the header goes on.
    intervalMs: view === (state.view === 'output' ? 'lines' : state.view) ? INTERVAL_MS : ONLY_FIRST_AND_LAST,
  });
  const entries = TABLE_VIEWS.map((view) => [view, wanted(view)] as const);
  return Object.fromEntries(entries) as Record<TableView, Wanted>;
};
