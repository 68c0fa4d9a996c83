/** What is typed at the foot of the screen: a text to search for while one types, or a filter. Pure. */
import { parseFilter } from '../views/filter.js';
import { formatCount } from '../views/units.js';
import { cursorOf, moved, settled, withCursor } from './cursor.js';
import { textOf } from './row.js';
import { rowsOf } from './rows.js';
import { ALL_AT_TOP, type Prompt, placeOf, type State, shownPicture } from './state.js';

export const prompted = (state: State, kind: Prompt['kind']): State => ({
  ...state,
  prompt: {
    kind,
    text: kind === 'filter' ? (state.filter?.text ?? '') : '',
    fault: null,
    from: cursorOf(state),
  },
  ...(kind === 'search' ? { search: '' } : {}),
});

export const typed = (state: State, text: string): State => {
  const { prompt } = state;
  if (!prompt) return state;
  if (prompt.kind === 'filter') {
    const parsed = parseFilter(text, filteredIn(state));
    return { ...state, prompt: { ...prompt, text, fault: parsed.ok ? null : parsed.fault } };
  }
  const searching = { ...state, prompt: { ...prompt, text }, search: text };
  return found(withCursor(searching, prompt.from), 0);
};

const filteredIn = ({ view }: State): 'threads' | 'stacks' => (view === 'threads' ? view : 'stacks');

export const erased = (text: string, what: 'character' | 'word' | 'all'): string => {
  if (what === 'all') return '';
  return what === 'word' ? text.replace(/\S*\s*$/, '') : [...text].slice(0, -1).join('');
};

export const accepted = (state: State): State => {
  const { prompt } = state;
  if (!prompt) return state;
  if (prompt.kind === 'search') return found({ ...state, prompt: null }, 0);
  const parsed = parseFilter(prompt.text, filteredIn(state));
  if (!parsed.ok) return { ...state, prompt: { ...prompt, fault: parsed.fault } };
  return filtered({ ...state, prompt: null }, prompt.text);
};

export const cancelled = (state: State): State => {
  const { prompt } = state;
  if (!prompt) return state;
  const before = { ...state, prompt: null };
  return prompt.kind === 'search' ? settled(withCursor({ ...before, search: '' }, prompt.from)) : before;
};

/** @param text a filter that can be read; empty for none */
export const filtered = (state: State, text: string): State => {
  const parsed = parseFilter(text, filteredIn(state));
  if (!parsed.ok) return state;
  const filter = parsed.filter.text === '' ? null : parsed.filter;
  return settled({ ...state, filter, cursors: { ...ALL_AT_TOP, detail: state.cursors.detail } });
};

/** @param by 1 for the next row that has it, -1 for the one before, 0 for this one or the next */
export const found = (state: State, by: -1 | 0 | 1): State => {
  const { search } = state;
  if (search === '') return state;
  const rows = rowsOf(state);
  const wanted = search.toLowerCase();
  const { at } = cursorOf(state);
  const step = by < 0 ? -1 : 1;
  for (let away = by === 0 ? 0 : 1; away <= rows.length; away += 1) {
    const index = (at + step * away + rows.length * 2) % rows.length;
    const row = rows[index];
    if (row && textOf(row).toLowerCase().includes(wanted)) return { ...moved(state, index), notice: null };
  }
  return { ...state, notice: nothingFound(state) };
};

const NOT_AMONG = 'Nothing in the first';

const nothingFound = (state: State): string => {
  const place = placeOf(state);
  const table = place === 'output' || place === 'detail' ? undefined : shownPicture(state).tables[place];
  const isWhole = !table || !('omitted' in table) || table.omitted === 0;
  const where = isWhole ? 'Nothing here' : `${NOT_AMONG} ${formatCount(rowsOf(state).length)} rows`;
  return `${where} has ${state.search} in it${isWhole ? '.' : '; f filters all.'}`;
};

/** More rows are asked for once something is searched: what was not among the first may be among them. */
export const soughtAgain = (state: State): State =>
  state.search !== '' && state.notice?.startsWith(NOT_AMONG) ? found(state, 0) : state;
