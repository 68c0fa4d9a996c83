/**
 * Everything that decides what is on the screen. Owned by the app (app.ts), changed only by update.ts, drawn by
 * screen/: a state and a size give the same screen every time.
 */
import type {
  Header,
  MarkedLive,
  MarkNumber,
  ProcessChoice,
  RowView,
  SessionSummary,
  SortKey,
  Table,
  TreeChoice,
  View,
  ViewQuery,
  ViewRow,
} from '../proto/messages.js';
import type { Bytes } from '../proto/snapshot.js';
import type { Filter, FilterFault } from '../views/filter.js';
import { type History, NO_HISTORY } from './history.js';
import { NO_OUTPUT, type Output } from './output.js';
import type { Typing } from './typing.js';

/** The views that the daemon answers, in the order of their digits. */
export const TABLE_VIEWS = [
  'lines',
  'functions',
  'files',
  'modules',
  'stacks',
  'threads',
  'sizes',
  'processes',
] as const satisfies readonly View[];
export type TableView = (typeof TABLE_VIEWS)[number];
export type ShownView = TableView | 'output';

/** What is asked of the daemon: the views, and the three parts of what a row is made of. */
export const SLOTS = [...TABLE_VIEWS, 'detail lines', 'detail blocks', 'detail stacks'] as const;
export type Slot = (typeof SLOTS)[number];

/** The views that can be looked at: the program's output only where we have it. */
export const viewsOf = ({ newest }: Pick<State, 'newest'>): readonly ShownView[] =>
  newest.output ? [...TABLE_VIEWS, 'output'] : TABLE_VIEWS;

export interface State {
  readonly session: SessionSummary;
  readonly connection: Connection;
  /** For how long the daemon has said nothing, where that is longer than it should be; else 0. */
  readonly silentMs: number;
  readonly size: Size;
  readonly view: ShownView;
  /** A row that is looked into, in front of its view. */
  readonly detail: Detail | null;
  readonly process: ProcessChoice;
  readonly sort: SortKey;
  /** What `d` goes back to. */
  readonly sortBefore: SortKey;
  readonly order: ViewQuery['order'];
  readonly filter: Filter | null;
  /** Looked for with `n`; empty for nothing. */
  readonly search: string;
  readonly mark: Mark | null;
  /** The most that was seen alive since the user asked for a new peak; null before. */
  readonly highest: Bytes | null;
  readonly tree: TreeChoice;
  /** What came last. */
  readonly newest: Picture;
  /** What is shown instead while the display is held. */
  readonly held: Picture | null;
  readonly cursors: Readonly<Record<Place, Cursor>>;
  /** Of the view that is shown. */
  readonly history: History;
  /** Texts of source files, by path. */
  readonly sources: ReadonlyMap<string, Source>;
  readonly intervalMs: number;
  readonly overlay: 'none' | 'help' | 'leave';
  /** The first line of the help that is on the screen. */
  readonly helpTop: number;
  readonly prompt: Prompt | null;
  /** What was typed before at each kind of prompt, the newest last. */
  readonly entered: Readonly<Record<Prompt['kind'], readonly string[]>>;
  /** Whether leaving leaves a program behind whose terminal this is. */
  readonly leaving: 'at once' | 'asks';
  /** Of the program that the user started, once it is known. */
  readonly mainPid: number | null;
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
  readonly tables: Readonly<Partial<Record<Slot, Table>>>;
  /** When the daemon looked for each of them, ISO 8601, UTC. */
  readonly lookedAt: Readonly<Partial<Record<Slot, string>>>;
  readonly output: Output | null;
}

/** Where a cursor is. */
export type Place = ShownView | 'detail';
export const placeOf = ({ detail, view }: Pick<State, 'detail' | 'view'>): Place =>
  detail ? 'detail' : view;

export interface Detail {
  readonly view: RowView;
  readonly row: ViewRow;
  /** Source lines shown before and after the row's own; infinite for all. */
  readonly context: number;
}

export interface Mark {
  readonly number: MarkNumber;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  /** What was alive then in each process; null where an older daemon does not tell. */
  readonly live: readonly MarkedLive[] | null;
}

export interface Source {
  readonly lines: readonly string[] | null;
  readonly note: string | null;
}

/** What is being typed at the foot of the screen. */
export interface Prompt {
  readonly kind: 'search' | 'filter';
  readonly typing: Typing;
  readonly fault: FilterFault | null;
  /** Where the search began: where giving it up leads back to. */
  readonly from: Cursor;
  /** How many of what was entered ago this one is; 0 for what the user types. */
  readonly back: number;
  /** What the user was typing before going back. */
  readonly own: string;
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

export const AT_TOP: Cursor = { at: 0, key: null, top: 0 };
export const NO_PICTURE: Picture = { header: null, tables: {}, lookedAt: {}, output: null };
export const ALL_AT_TOP: State['cursors'] = {
  lines: AT_TOP,
  functions: AT_TOP,
  files: AT_TOP,
  modules: AT_TOP,
  stacks: AT_TOP,
  threads: AT_TOP,
  sizes: AT_TOP,
  processes: AT_TOP,
  output: AT_TOP,
  detail: AT_TOP,
};

export const ALL_CLOSED: TreeChoice = { direction: 'down', open: [], openBelow: [], closed: [] };

/** What `[` and `]` go through; the second is the one to start with: four times a second. */
export const INTERVALS_MS: readonly number[] = [100, 250, 500, 1000, 2000, 5000, 10_000];
const FIRST_INTERVAL_MS = 250;

export const initialState = (
  session: SessionSummary,
  size: Size,
  output: 'with output' | 'without output' = 'without output',
): State => ({
  session,
  connection: { kind: 'live' },
  silentMs: 0,
  size,
  view: 'lines',
  detail: null,
  process: 'main',
  sort: 'live',
  sortBefore: 'live',
  order: 'descending',
  filter: null,
  search: '',
  mark: null,
  highest: null,
  tree: ALL_CLOSED,
  newest: { ...NO_PICTURE, output: output === 'with output' ? NO_OUTPUT : null },
  held: null,
  cursors: ALL_AT_TOP,
  history: NO_HISTORY,
  sources: new Map(),
  intervalMs: FIRST_INTERVAL_MS,
  overlay: 'none',
  helpTop: 0,
  prompt: null,
  entered: { search: [], filter: [] },
  leaving: output === 'with output' ? 'asks' : 'at once',
  mainPid: null,
  notice: null,
});

export const shownPicture = (state: State): Picture => state.held ?? state.newest;
