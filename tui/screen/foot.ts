/**
 * The last line: what is typed, what there is to say, or which keys there are. What there is to say takes further lines
 * above where one is not enough. Pure.
 */
import { wrap } from '../../views/text.js';
import { type Prompt, placeOf, type State } from '../state.js';
import { letterAt } from '../typing.js';
import { cutLine, cutLineStart, type Line, lineWidth, type Span, span } from './cells.js';
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

/** The caret is always seen, and where there is room what stands around it. */
const promptLines = (
  prompt: Prompt,
  message: string | null,
  columns: number,
  glyphs: Glyphs,
): readonly Line[] => {
  const sign = span(prompt.kind === 'search' ? '/' : 'filter: ', 'strong');
  const { before, caret, after } = typedText(prompt);
  const typed = [...before, caret, ...after];
  const room = columns - lineWidth([sign]);
  const hint = prompt.kind === 'filter' && prompt.typing.text === '' ? [span(FILTER_HINT, 'faint')] : [];
  const upToCaret = [...before, caret];
  const roomAfter = Math.max(Math.floor(room / 4), room - lineWidth(upToCaret));
  const seen = cutLineStart([...upToCaret, ...cutLine(after, roomAfter)], room, MARKS[glyphs].ellipsis);
  if (message === null) return [[sign, ...seen, ...hint]];
  const beside = [sign, ...typed, span(`  ${message}`, 'alarm')];
  return lineWidth(beside) <= columns ? [beside] : [...said(message, columns), [sign, ...seen]];
};

const FILTER_HINT = '  text /re/ !not size>1m module:x lang:python';

interface TypedText {
  readonly before: Line;
  readonly caret: Span;
  readonly after: Line;
}

/** What is typed, parted at the caret. The mistake stands in brackets too: colour is never the only signal. */
const typedText = ({ typing, fault }: Prompt): TypedText => {
  const { text, caret } = typing;
  const letter = letterAt(typing);
  const part = (start: number, end: number, hasSign: (at: number) => boolean): Line => {
    if (!fault) return [span(text.slice(start, end))];
    const [from, to] = [fault.at, fault.at + fault.length].map((at) => Math.min(Math.max(at, start), end));
    const sign = (sign: string, at: number): string => (hasSign(at) ? sign : '');
    const wrong = text.slice(from, to);
    return [
      span(text.slice(start, from)),
      span(`${sign('[', fault.at)}${wrong}${sign(']', fault.at + fault.length)}`, 'alarm'),
      span(text.slice(to, end)),
    ];
  };
  return {
    before: part(0, caret, (at) => at <= caret),
    caret: span(letter || ' ', 'selected'),
    after: part(caret + letter.length, text.length, (at) => at > caret),
  };
};
