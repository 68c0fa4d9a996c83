/** Which keys mean what, by the names that blessed gives them. */
import type { Action, InputMode } from '../actions.js';

const DIGITS = 9;
/** Twice in a hurry is one key with a name of its own. */
const ESCAPE = ['escape', 'M-escape'] as const;

const LIST: Readonly<Record<string, Action>> = {
  ...bind({ kind: 'quit' }, 'q', 'C-c', 'f10'),
  ...bind({ kind: 'help' }, '?', 'h', 'f1'),
  ...bind({ kind: 'back' }, ...ESCAPE),
  ...bind({ kind: 'choose' }, 'enter'),
  ...bind({ kind: 'hold' }, 'space', 'p', 'z'),
  ...bind({ kind: 'redraw' }, 'C-l'),
  ...bind({ kind: 'suspend' }, 'C-z'),
  ...bind({ kind: 'move', by: 1 }, 'down', 'j'),
  ...bind({ kind: 'move', by: -1 }, 'up', 'k'),
  ...bind({ kind: 'page', by: 1 }, 'pagedown', 'C-f'),
  ...bind({ kind: 'page', by: -1 }, 'pageup', 'C-b'),
  ...bind({ kind: 'page', by: 0.5 }, 'C-d'),
  ...bind({ kind: 'page', by: -0.5 }, 'C-u'),
  ...bind({ kind: 'first' }, 'g', 'home'),
  ...bind({ kind: 'last' }, 'S-g', 'end'),
  ...bind({ kind: 'search' }, '/', 'f3'),
  ...bind({ kind: 'found', by: 1 }, 'n'),
  ...bind({ kind: 'found', by: -1 }, 'S-n'),
  ...bind({ kind: 'filter' }, 'f', '\\', 'f4'),
  ...bind({ kind: 'sort', by: 1 }, 's', '>'),
  ...bind({ kind: 'sort', by: -1 }, '<'),
  ...bind({ kind: 'invert' }, 'S-i'),
  ...bind({ kind: 'sortBy', sort: 'live' }, 'b'),
  ...bind({ kind: 'sortBy', sort: 'blocks' }, 'c'),
  ...bind({ kind: 'sortBy', sort: 'rate' }, 'r'),
  ...bind({ kind: 'mark' }, 'm'),
  ...bind({ kind: 'difference' }, 'd'),
  ...bind({ kind: 'follow' }, 'S-f'),
  ...bind({ kind: 'resetPeak' }, 'C-r'),
  ...bind({ kind: 'tree' }, 't', 'f5'),
  ...bind({ kind: 'open', how: 'more' }, '+', '=', 'right'),
  ...bind({ kind: 'open', how: 'less' }, '-', 'left'),
  ...bind({ kind: 'open', how: 'all' }, '*'),
  ...bind({ kind: 'editor' }, 'e'),
  ...bind({ kind: 'copy' }, 'y'),
  ...bind({ kind: 'snapshot' }, 'S-s'),
  ...bind({ kind: 'show', view: 'threads' }, 'S-t'),
  ...bind({ kind: 'show', view: 'processes' }, 'S-p'),
  ...bind({ kind: 'pace', by: -1 }, '['),
  ...bind({ kind: 'pace', by: 1 }, ']'),
  ...bind({ kind: 'turnView', by: 1 }, 'tab'),
  ...bind({ kind: 'turnView', by: -1 }, 'S-tab'),
  ...Object.fromEntries(
    Array.from({ length: DIGITS }, (_, index) => [String(index + 1), { kind: 'view', index } as const]),
  ),
};

const PROMPT: Readonly<Record<string, Action>> = {
  ...bind({ kind: 'accept' }, 'enter'),
  ...bind({ kind: 'cancel' }, ...ESCAPE, 'C-c'),
  // As in a shell, in less and in vim.
  ...bind({ kind: 'caret', by: -1, over: 'character' }, 'left', 'C-b'),
  ...bind({ kind: 'caret', by: 1, over: 'character' }, 'right', 'C-f'),
  ...bind({ kind: 'caret', by: -1, over: 'word' }, 'C-left', 'M-left', 'M-b'),
  ...bind({ kind: 'caret', by: 1, over: 'word' }, 'C-right', 'M-right', 'M-f'),
  ...bind({ kind: 'caret', by: -1, over: 'line' }, 'home', 'C-a'),
  ...bind({ kind: 'caret', by: 1, over: 'line' }, 'end', 'C-e'),
  ...bind({ kind: 'erase', by: -1, what: 'character' }, 'backspace', 'C-h'),
  ...bind({ kind: 'erase', by: 1, what: 'character' }, 'delete', 'C-d'),
  ...bind({ kind: 'erase', by: -1, what: 'word' }, 'C-w', 'M-backspace'),
  ...bind({ kind: 'erase', by: 1, what: 'word' }, 'M-d'),
  ...bind({ kind: 'erase', by: -1, what: 'line' }, 'C-u'),
  ...bind({ kind: 'erase', by: 1, what: 'line' }, 'C-k'),
  ...bind({ kind: 'recall', by: 1 }, 'up', 'C-p'),
  ...bind({ kind: 'recall', by: -1 }, 'down', 'C-n'),
  ...bind({ kind: 'redraw' }, 'C-l'),
  ...bind({ kind: 'suspend' }, 'C-z'),
};

const LEAVE: Readonly<Record<string, Action>> = {
  ...bind({ kind: 'leave', program: 'runs on' }, 'k', 'enter', 'q', 'C-c'),
  ...bind({ kind: 'leave', program: 'runs on untraced' }, 's'),
  ...bind({ kind: 'leave', program: 'ends' }, 'e'),
  ...bind({ kind: 'cancel' }, ...ESCAPE),
  ...bind({ kind: 'suspend' }, 'C-z'),
};

const MODES: Readonly<Record<InputMode, Readonly<Record<string, Action>>>> = {
  list: LIST,
  prompt: PROMPT,
  leave: LEAVE,
};

const ALT = 'M-';

/**
 * Esc and a key that came in one read have the name of that key with Alt.
 * @param sequence what the terminal sent
 * @returns the name of the key alone, where Alt means nothing
 */
export const keyBehindEscape = (key: string, sequence: string, mode: InputMode): string | null =>
  sequence.length === 2 && key.startsWith(ALT) && !Object.hasOwn(MODES[mode], key)
    ? key.slice(ALT.length)
    : null;

/**
 * @param key "C-c", "S-g", "pageup", "?"
 * @param text what the key types, if it does
 */
export const actionOf = (key: string, mode: InputMode = 'list', text = ''): Action | undefined => {
  const known = MODES[mode];
  if (Object.hasOwn(known, key)) return known[key];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: whatever is no control character
  return mode === 'prompt' && text !== '' && !/[\u0000-\u001f\u007f]/.test(text)
    ? { kind: 'type', text }
    : undefined;
};

function bind(action: Action, ...keys: readonly string[]): Readonly<Record<string, Action>> {
  return Object.fromEntries(keys.map((key) => [key, action]));
}
