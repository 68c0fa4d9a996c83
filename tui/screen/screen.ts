/** The whole screen: state → exactly as many lines as the terminal has. Pure. */
import type { SortKey } from '../../proto/messages.js';
import type { TimelinePoint } from '../../proto/snapshot.js';
import type { PathStyle } from '../../views/names.js';
import { formatCount } from '../../views/units.js';
import { hasPython, rowsOf } from '../rows.js';
import { placeOf, type ShownView, type State, shownPicture, viewsOf } from '../state.js';
import { cutLine, fillLine, type Line, lineWidth, span, spread } from './cells.js';
import { columnsOf } from './columns.js';
import { footLines } from './foot.js';
import { type Glyphs, MARKS } from './glyphs.js';
import { headerLines } from './header.js';
import { helpBody, leaveLines } from './help.js';
import { highlighted } from './highlight.js';
import { layoutOf } from './layout.js';
import { plotLines } from './plot.js';
import { selectedLine, type TableLines, tableLines } from './table.js';

export interface Look {
  readonly path: PathStyle;
  readonly glyphs: Glyphs;
}

const VIEW_TITLES: Readonly<Record<ShownView, string>> = {
  lines: 'Lines',
  functions: 'Functions',
  files: 'Files',
  modules: 'Modules',
  stacks: 'Stacks',
  threads: 'Threads',
  sizes: 'Sizes',
  processes: 'Processes',
  output: 'Output',
};
const SHORT_TITLES: typeof VIEW_TITLES = {
  ...VIEW_TITLES,
  functions: 'Funcs',
  modules: 'Mods',
  processes: 'Procs',
};

export const screenLines = (state: State, look: Look): readonly Line[] => {
  const { size } = state;
  const layout = layoutOf(size);
  const { head, rows } = bodyOf(state, look);
  const body = rows.slice(0, layout.body);
  const blank = Array.from({ length: layout.body - body.length }, (): Line => []);
  const lines = [
    ...headerLines(state, look.path).slice(0, layout.facts),
    ...(state.process === 'all'
      ? noPlot(layout.plot)
      : plotLines(timelineOf(state), size.columns, layout.plot, look.glyphs)),
    tabLine(state),
    head,
    ...body,
    ...blank,
  ];
  // Of a tiny terminal the end is cut off, but for what is typed.
  const foot = footLines(state, look.glyphs).slice(-Math.max(1, size.rows));
  const shown = [...lines.slice(0, Math.max(0, size.rows - foot.length)), ...foot];
  return shown.map((line) => cutLine(line, size.columns));
};

/** Up to what the header tells: of a program that was over at once there may be no point at all. */
const timelineOf = (state: State): readonly TimelinePoint[] => {
  const { header } = shownPicture(state);
  if (!header?.process) return header?.timeline ?? [];
  const { liveBytes, rssBytes, python } = header.totals;
  const now = { ms: header.process.elapsedMs, liveBytes, rssBytes };
  return [...header.timeline, python ? { ...now, pythonBytes: python.liveBytes } : now];
};

const noPlot = (rows: number): readonly Line[] =>
  Array.from({ length: rows }, (_, row) =>
    row === 0 ? [span('(a plot is of one process: Enter on it in Processes)', 'faint')] : [],
  );

interface Body {
  readonly head: Line;
  readonly rows: readonly Line[];
}

const bodyOf = (state: State, look: Look): Body => {
  if (state.overlay === 'none') return tableBody(state, look);
  const { size, helpTop } = state;
  const [head = [], ...rows] =
    state.overlay === 'help'
      ? helpBody(size.columns, layoutOf(size).body, helpTop)
      : leaveLines(size.columns);
  return { head, rows };
};

/** The rows that are on the screen, and where their columns stand. */
export const shownTable = (state: State, look: Look): TableLines => {
  const { size, sort, order, cursors, mark, history } = state;
  const place = placeOf(state);
  const { tables } = shownPicture(state);
  const table = place === 'output' || place === 'detail' ? undefined : tables[place];
  const isSorted = place !== 'sizes' && place !== 'output' && place !== 'detail';
  const { top } = cursors[place];
  return tableLines(rowsOf(state).slice(top, top + layoutOf(size).body), {
    columns: columnsOf(place, {
      whole: table && 'sum' in table ? table.sum.liveBytes : 0,
      path: look.path,
      marks: MARKS[look.glyphs],
      hasMark: mark !== null,
      hasPython: table?.view === 'processes' && hasPython(table.rows),
      direction: state.tree.direction,
      past: (key) => (history.view === place ? (history.values.get(key) ?? []) : []),
    }),
    sort: isSorted ? sort : null,
    order,
    width: size.columns,
    marks: MARKS[look.glyphs],
  });
};

const tableBody = (state: State, look: Look): Body => {
  const { size, cursors, search } = state;
  const place = placeOf(state);
  const cursor = cursors[place];
  if (place !== 'output' && place !== 'detail' && !shownPicture(state).tables[place])
    return { head: [], rows: [[span(emptyText(state), 'faint')]] };
  const { head, rows } = shownTable(state, look);
  if (rows.length === 0) return { head, rows: [[span(nothingText(state), 'faint')]] };
  return {
    head: fillLine(head, size.columns),
    rows: rows.map((line, at) =>
      at === cursor.at - cursor.top ? selectedLine(line, size.columns) : highlighted(line, search),
    ),
  };
};

const nothingText = (state: State): string => {
  const { view, filter, sort, detail } = state;
  if (detail) return emptyText(state);
  if (filter) return `Nothing matches the filter ${filter.text}; Esc clears it.`;
  if (view === 'output') return 'It has written nothing yet.';
  return NOTHING_OF[sort];
};

/** Rows that have nothing of what they are sorted by are not shown. */
const NOTHING_OF: Readonly<Record<SortKey, string>> = {
  live: 'Nothing is live.',
  blocks: 'Nothing is live.',
  peak: 'Nothing has been allocated.',
  total: 'Nothing has been allocated.',
  temporary: 'Nothing was freed before the next allocation.',
  growth: 'Nothing has changed since the mark.',
  rate: 'Nothing has been allocated.',
};

const emptyText = ({ connection }: State): string =>
  connection.kind === 'live'
    ? 'Waiting for the daemon...'
    : connection.kind === 'over'
      ? 'Nobody asked for this before the session was over: memtrace report shows it.'
      : 'The daemon went away before it could tell.';

export const tabLine = (state: State): Line => {
  const { columns } = state.size;
  const place = placeOf(state);
  const { at } = state.cursors[place];
  const count = rowsOf(state).length;
  const table = place === 'output' || place === 'detail' ? null : shownPicture(state).tables[place];
  const more = table && 'omitted' in table && table.omitted > 0 ? '+' : '';
  const last = `${formatCount(count)}${more}`;
  const position = count > 0 ? [span(`${formatCount(at + 1)}/${last}`, 'faint')] : [];
  // Room for the last row's, so that the tabs stay as they are while one moves.
  const room = columns - (count > 0 ? ` ${last}/${last}`.length : 0);
  const tried = WAYS_TO_NAME.map((name) => tabs(state, name));
  const fitting = tried.find((line) => lineWidth(line) <= room) ?? tried.at(-1) ?? [];
  return spread(fitting, position, columns);
};

interface Tab {
  readonly digit: string;
  readonly title: string;
  readonly short: string;
  readonly isShown: boolean;
}

/** From the longest to the shortest. */
const WAYS_TO_NAME: readonly ((tab: Tab) => string)[] = [
  ({ digit, title, isShown }) => (isShown ? `[${digit} ${title}]` : ` ${digit} ${title} `),
  ({ digit, title, isShown }) => ` ${isShown ? `[${digit} ${title}]` : `${digit}${title}`}`,
  ({ digit, short, isShown }) => ` ${isShown ? `[${digit} ${short}]` : `${digit}${short}`}`,
  ({ digit, title, isShown }) => (isShown ? `[${digit} ${title}]` : ` ${digit} `),
];

const tabs = (state: State, name: (tab: Tab) => string): Line =>
  viewsOf(state).map((view, at, all) => {
    const isShown = view === state.view;
    const [title, short] = [VIEW_TITLES[view], SHORT_TITLES[view]];
    const text = name({ digit: String(at + 1), title, short, isShown });
    return span(at === all.length - 1 ? text.trimEnd() : text, isShown ? 'strong' : 'faint');
  });
