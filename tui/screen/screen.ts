/** The whole screen: state → exactly as many lines as the terminal has. Pure. */
import type { PathStyle } from '../../views/names.js';
import { formatCount } from '../../views/units.js';
import { rowsOf } from '../rows.js';
import { type ShownView, type State, shownPicture, viewsOf } from '../state.js';
import { cutLine, fillLine, type Line, lineWidth, span, spread } from './cells.js';
import { columnsOf } from './columns.js';
import { headerLines } from './header.js';
import { helpLines, reminderLine } from './help.js';
import { layoutOf } from './layout.js';
import { type Glyphs, plotLines } from './plot.js';
import { MARKS, selectedLine, tableLines } from './table.js';

export interface Look {
  readonly path: PathStyle;
  readonly glyphs: Glyphs;
}

export const VIEW_TITLES: Readonly<Record<ShownView, string>> = {
  lines: 'Lines',
  functions: 'Functions',
  files: 'Files',
  modules: 'Modules',
  processes: 'Processes',
  output: 'Output',
};

export const screenLines = (state: State, look: Look): readonly Line[] => {
  const { size } = state;
  const layout = layoutOf(size);
  const timeline = shownPicture(state).header?.timeline ?? [];
  const { head, rows } = state.overlay === 'help' ? helpBody() : tableBody(state, look);
  const body = rows.slice(0, layout.body);
  const blank = Array.from({ length: layout.body - body.length }, (): Line => []);
  const lines = [
    ...headerLines(state, look.path),
    ...plotLines(timeline, size.columns, layout.plot, look.glyphs),
    tabLine(state),
    head,
    ...body,
    ...blank,
    footLine(state),
  ];
  // Of a tiny terminal the end is cut off.
  return lines.slice(0, size.rows).map((line) => cutLine(line, size.columns));
};

interface Body {
  readonly head: Line;
  readonly rows: readonly Line[];
}

const helpBody = (): Body => {
  const [head = [], ...rows] = helpLines();
  return { head, rows };
};

const tableBody = (state: State, look: Look): Body => {
  const { view, size, sort, order, cursors } = state;
  const { body } = layoutOf(size);
  const cursor = cursors[view];
  const table = view === 'output' ? null : shownPicture(state).tables[view];
  if (table === undefined) return { head: [], rows: [[span(emptyText(state), 'faint')]] };
  const whole = table && 'sum' in table ? table.sum.liveBytes : 0;
  const all = rowsOf(state);
  const shown = all.slice(cursor.top, cursor.top + body);
  const { head, rows } = tableLines(shown, {
    columns: columnsOf(view, whole, look.path),
    sort: table && 'sum' in table ? sort : null,
    order,
    width: size.columns,
    marks: MARKS[look.glyphs],
  });
  const nothing = view === 'output' ? 'It has written nothing yet.' : 'Nothing has been allocated.';
  if (all.length === 0) return { head, rows: [[span(nothing, 'faint')]] };
  return {
    head: fillLine(head, size.columns),
    rows: rows.map((line, at) => (at === cursor.at - cursor.top ? selectedLine(line, size.columns) : line)),
  };
};

const emptyText = ({ connection }: State): string =>
  connection.kind === 'live' ? 'Waiting for the daemon...' : 'The daemon went away before it could tell.';

const tabLine = (state: State): Line => {
  const { columns } = state.size;
  const { at } = state.cursors[state.view];
  const count = rowsOf(state).length;
  const table = state.view === 'output' ? null : shownPicture(state).tables[state.view];
  const more = table && 'omitted' in table && table.omitted > 0 ? '+' : '';
  const position = count > 0 ? [span(`${formatCount(at + 1)}/${formatCount(count)}${more}`, 'faint')] : [];
  const full = tabs(state, ({ digit, title }) => `${digit} ${title}`);
  return spread(lineWidth(full) <= columns ? full : tabs(state, ({ digit }) => digit), position, columns);
};

interface Tab {
  readonly digit: string;
  readonly title: string;
}

/** @param other what is left of those that are not shown */
const tabs = (state: State, other: (tab: Tab) => string): Line =>
  viewsOf(state).map((view, at) => {
    const tab = { digit: String(at + 1), title: VIEW_TITLES[view] };
    return view === state.view
      ? span(`[${tab.digit} ${tab.title}]`, 'strong')
      : span(` ${other(tab)} `, 'faint');
  });

const footLine = ({ notice, connection, size }: State): Line => {
  if (notice !== null) return [span(notice, 'alarm')];
  return connection.kind === 'lost'
    ? [span(`The daemon went away: ${connection.why} `, 'alarm'), ...reminderLine(size.columns)]
    : reminderLine(size.columns);
};
