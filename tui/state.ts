/**
 * Everything that decides what is on the screen. Owned by the app (app.ts), changed only by update.ts, drawn by
 * screen/: a state and a size give the same screen every time.
 */
import type { Header, ProcessChoice, SessionSummary, Table, View, ViewQuery } from '../proto/messages.js';
import type { Metric } from '../proto/snapshot.js';
import { NO_OUTPUT, type Output } from './output.js';

/** The views that the daemon answers, in the order of their digits. */
export const TABLE_VIEWS = [
  'lines',
  'functions',
  'files',
  'modules',
  'processes',
] as const satisfies readonly View[];
export type TableView = (typeof TABLE_VIEWS)[number];
export type ShownView = TableView | 'output';

/** The views that can be looked at: the program's output only where we have it. */
export const viewsOf = ({ newest }: Pick<State, 'newest'>): readonly ShownView[] =>
  newest.output ? [...TABLE_VIEWS, 'output'] : TABLE_VIEWS;

export interface State {
  readonly session: SessionSummary;
  readonly connection: Connection;
  readonly size: Size;
  readonly view: ShownView;
  readonly process: ProcessChoice;
  readonly sort: Metric;
  readonly order: ViewQuery['order'];
  /** What came last. */
  readonly newest: Picture;
  /** What is shown instead while the display is held. */
  readonly held: Picture | null;
  readonly cursors: Readonly<Record<ShownView, Cursor>>;
  readonly overlay: 'none' | 'help';
  /** A line for the user until the next key. */
  readonly notice: string | null;
}

/** Over: the daemon said goodbye. Lost: it went away without. */
export type Connection =
  | { readonly kind: 'live' }
  | { readonly kind: 'over' }
  | { readonly kind: 'lost'; readonly why: string };

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Picture {
  readonly header: Header | null;
  readonly tables: Readonly<Partial<Record<TableView, Table>>>;
  readonly output: Output | null;
}

/** Where the user is in a list. */
export interface Cursor {
  readonly at: number;
  /** The row it follows when others overtake it; null where whatever stands there is meant: the first one, and
   * of the output the last one. */
  readonly key: number | null;
  /** The first row on the screen. */
  readonly top: number;
}

const AT_TOP: Cursor = { at: 0, key: null, top: 0 };
export const NO_PICTURE: Picture = { header: null, tables: {}, output: null };
export const ALL_AT_TOP: State['cursors'] = {
  lines: AT_TOP,
  functions: AT_TOP,
  files: AT_TOP,
  modules: AT_TOP,
  processes: AT_TOP,
  output: AT_TOP,
};

export const initialState = (
  session: SessionSummary,
  size: Size,
  output: 'with output' | 'without output' = 'without output',
): State => ({
  session,
  connection: { kind: 'live' },
  size,
  view: 'lines',
  process: 'main',
  sort: 'live',
  order: 'descending',
  newest: { ...NO_PICTURE, output: output === 'with output' ? NO_OUTPUT : null },
  held: null,
  cursors: ALL_AT_TOP,
  overlay: 'none',
  notice: null,
});

export const shownPicture = (state: State): Picture => state.held ?? state.newest;
