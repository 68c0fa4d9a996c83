/** What is typed at the foot of the screen: a text to search for while one types, or a filter. Pure. */
import { parseFilter } from '../views/filter.js';
import { formatCount } from '../views/units.js';
import { cursorOf, moved, settled, withCursor } from './cursor.js';
import { textOf } from './row.js';
import { rowsOf } from './rows.js';
import { ALL_AT_TOP, type Prompt, placeOf, type State, shownPicture } from './state.js';
import { atEnd, type Typing, withEntered } from './typing.js';

export const prompted = (state: State, kind: Prompt['kind']): State => {
  const typing = atEnd(kind === 'filter' ? (state.filter?.text ?? '') : '');
  return {
    ...state,
    prompt: { kind, typing, fault: null, from: cursorOf(state), back: 0, own: typing.text },
    ...(kind === 'search' ? { search: '' } : {}),
  };
};

/** @param edit what a key does to what is typed */
export const typed = (state: State, edit: (typing: Typing) => Typing): State => {
  const { prompt } = state;
  if (!prompt) return state;
  const typing = edit(prompt.typing);
  if (prompt.kind === 'filter') {
    const parsed = parseFilter(typing.text, filteredIn(state));
    return { ...state, prompt: { ...prompt, typing, fault: parsed.ok ? null : parsed.fault } };
  }
  const searching = { ...state, prompt: { ...prompt, typing }, search: typing.text };
  return found(withCursor(searching, prompt.from), 0);
};

/** @param by 1 for what was entered before, -1 back towards what one was typing */
export const recalled = (state: State, by: 1 | -1): State => {
  const { prompt, entered } = state;
  if (!prompt) return state;
  const before = entered[prompt.kind];
  const back = Math.max(0, Math.min(prompt.back + by, before.length));
  if (back === prompt.back) return typed(state, (typing) => typing);
  const own = prompt.back === 0 ? prompt.typing.text : prompt.own;
  const text = back === 0 ? own : (before.at(-back) ?? '');
  return typed({ ...state, prompt: { ...prompt, back, own } }, () => atEnd(text));
};

const filteredIn = ({ view }: State): 'threads' | 'stacks' => (view === 'threads' ? view : 'stacks');

export const accepted = (state: State): State => {
  const { prompt } = state;
  if (!prompt) return state;
  const { kind, typing } = prompt;
  const entered = { ...state.entered, [kind]: withEntered(state.entered[kind], typing.text) };
  if (kind === 'search') return found({ ...state, entered, prompt: null }, 0);
  const parsed = parseFilter(typing.text, filteredIn(state));
  if (!parsed.ok) return { ...state, prompt: { ...prompt, fault: parsed.fault } };
  return filtered({ ...state, entered, prompt: null }, typing.text);
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
