/** Which keys mean what, by the names that blessed gives them. */
import type { Action } from '../actions.js';

const DIGITS = 9;

const KEYS: Readonly<Record<string, Action>> = {
  ...bind({ kind: 'quit' }, 'q', 'C-c', 'f10'),
  ...bind({ kind: 'help' }, '?', 'h', 'f1'),
  ...bind({ kind: 'back' }, 'escape'),
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
  ...bind({ kind: 'sort', by: 1 }, 's', '>'),
  ...bind({ kind: 'sort', by: -1 }, '<'),
  ...bind({ kind: 'invert' }, 'S-i'),
  ...bind({ kind: 'turnView', by: 1 }, 'tab'),
  ...bind({ kind: 'turnView', by: -1 }, 'S-tab'),
  ...Object.fromEntries(
    Array.from({ length: DIGITS }, (_, index) => [String(index + 1), { kind: 'view', index } as const]),
  ),
};

/** @param key "C-c", "S-g", "pageup", "?" */
export const actionOf = (key: string): Action | undefined =>
  Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;

function bind(action: Action, ...keys: readonly string[]): Readonly<Record<string, Action>> {
  return Object.fromEntries(keys.map((key) => [key, action]));
}
