/**
 * The last line: what is typed, what there is to say, or which keys there are. What there is to say takes further lines
 * above where one is not enough. Pure.
 */
import { wrap } from '../../views/text.js';
import { type Prompt, placeOf, type State } from '../state.js';
import { cutLineStart, type Line, lineWidth, span } from './cells.js';
import { type Glyphs, MARKS } from './glyphs.js';
import { leaveLines, reminderLine } from './help.js';
import { layoutOf } from './layout.js';

export const footLines = (state: State, glyphs: Glyphs): readonly Line[] => {
  const { notice, size, prompt } = state;
  if (prompt) return promptLines(prompt, prompt.fault?.message ?? notice, size.columns, glyphs);
  return notice === null ? [footLine(state)] : said(notice, size.columns);
};

const said = (text: string, columns: number): readonly Line[] =>
  wrap(text, columns, '').map((part) => [span(part, 'alarm')]);

const footLine = (state: State): Line => {
  const { connection, size, filter, search } = state;
  const active: Line = [
    ...(connection.kind === 'lost' ? [span(`The daemon went away: ${connection.why} `, 'alarm')] : []),
    ...(filter
      ? [
          span(`filter ${filter.text}`, 'strong'),
          span(` (${isFiltered(state) ? '' : 'not here; '}Esc clears)  `, 'faint'),
        ]
      : []),
    ...(search !== '' ? [span(`/${search}`, 'strong'), span(' (n N)  ', 'faint')] : []),
  ];
  if (state.overlay === 'leave') return leaveReminder(state) ?? active;
  const where = state.overlay === 'help' ? 'help' : placeOf(state);
  return [...active, ...reminderLine(where, Math.max(0, size.columns - lineWidth(active)))];
};

/** Sizes have no names, and a row that is looked into is shown whole. */
const isFiltered = (state: State): boolean => !['sizes', 'detail'].includes(placeOf(state));

/** Where the answers do not fit above: their keys. */
const leaveReminder = ({ size }: State): Line | null =>
  leaveLines(size.columns).length - 1 > layoutOf(size).body
    ? [span('k keep  s stop  e end  Esc stay', 'strong')]
    : null;

/** Its end is always seen: that is where one types. */
const promptLines = (
  prompt: Prompt,
  message: string | null,
  columns: number,
  glyphs: Glyphs,
): readonly Line[] => {
  const sign = span(prompt.kind === 'search' ? '/' : 'filter: ', 'strong');
  const typed = [...typedText(prompt), CURSOR];
  const room = columns - lineWidth([sign]);
  const hint = prompt.kind === 'filter' && prompt.text === '' ? [span(FILTER_HINT, 'faint')] : [];
  if (message === null) return [[sign, ...cutLineStart(typed, room, MARKS[glyphs].ellipsis), ...hint]];
  const beside = [sign, ...typed, span(`  ${message}`, 'alarm')];
  if (lineWidth(beside) <= columns) return [beside];
  return [...said(message, columns), [sign, ...cutLineStart(typed, room, MARKS[glyphs].ellipsis)]];
};

const FILTER_HINT = '  text /re/ !not size>1m module:x lang:python';

/** The mistake stands in brackets too: colour is never the only signal. */
const typedText = ({ text, fault }: Prompt): Line => {
  if (!fault) return [span(text)];
  const { at, length } = fault;
  return [
    span(text.slice(0, at)),
    span(`[${text.slice(at, at + length)}]`, 'alarm'),
    span(text.slice(at + length)),
  ];
};

const CURSOR = span(' ', 'selected');
