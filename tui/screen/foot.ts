/** The last line: what is typed, what there is to say, or which keys there are. Pure. */
import { cutStart } from '../../views/text.js';
import { type Prompt, placeOf, type State } from '../state.js';
import { type Line, lineWidth, span } from './cells.js';
import { type Glyphs, MARKS } from './glyphs.js';
import { leaveLines, reminderLine } from './help.js';
import { layoutOf } from './layout.js';

export const footLine = (state: State, glyphs: Glyphs): Line => {
  const { notice, connection, size, prompt, filter, search } = state;
  if (prompt) return promptLine(prompt, notice, size.columns, glyphs);
  if (notice !== null) return [span(notice, 'alarm')];
  const active: Line = [
    ...(connection.kind === 'lost' ? [span(`The daemon went away: ${connection.why} `, 'alarm')] : []),
    ...(filter ? [span(`filter ${filter.text}`, 'strong'), span(' (Esc clears)  ', 'faint')] : []),
    ...(search !== '' ? [span(`/${search}`, 'strong'), span(' (n N)  ', 'faint')] : []),
  ];
  if (state.overlay === 'leave') return leaveReminder(state) ?? active;
  const where = state.overlay === 'help' ? 'help' : placeOf(state);
  return [...active, ...reminderLine(where, Math.max(0, size.columns - lineWidth(active)))];
};

/** Where the answers do not fit above: their keys. */
const leaveReminder = ({ size }: State): Line | null =>
  leaveLines(size.columns).length - 1 > layoutOf(size).body
    ? [span('k keep  s stop  e end  Esc stay', 'strong')]
    : null;

const promptLine = (
  { kind, text, fault }: Prompt,
  notice: string | null,
  columns: number,
  glyphs: Glyphs,
): Line => {
  const sign = kind === 'search' ? '/' : 'filter: ';
  if (kind === 'search')
    return [span(sign, 'strong'), span(text), CURSOR, ...(notice ? [span(`  ${notice}`, 'alarm')] : [])];
  if (!fault) {
    const hint = text === '' ? '  text /re/ !not size>1m module:x lang:python' : '';
    const shown = cutStart(text, columns - sign.length - 1, MARKS[glyphs].ellipsis);
    return [span(sign, 'strong'), span(shown), CURSOR, span(hint, 'faint')];
  }
  const { at, length, message } = fault;
  // The mistake stands in brackets too: colour is never the only signal.
  return [
    span(sign, 'strong'),
    span(text.slice(0, at)),
    span(`[${text.slice(at, at + length)}]`, 'alarm'),
    span(text.slice(at + length)),
    CURSOR,
    span(`  ${message}`, 'alarm'),
  ];
};

const CURSOR = span(' ', 'selected');
