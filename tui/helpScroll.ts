/** Moving through the help, which is longer than a small screen. Pure. */
import type { Action } from './actions.js';
import { helpLines } from './screen/help.js';
import { layoutOf } from './screen/layout.js';
import type { State } from './state.js';

/** @returns null for what has nothing to do with the help, also while it is not shown */
export const helpScrolled = (state: State, action: Action): State | null => {
  if (state.overlay !== 'help') return null;
  const { body } = layoutOf(state.size);
  switch (action.kind) {
    case 'move':
    case 'scroll':
      return withHelpTop(state, state.helpTop + action.by);
    case 'page':
      return withHelpTop(state, state.helpTop + Math.trunc(action.by * body));
    case 'first':
      return withHelpTop(state, 0);
    case 'last':
      return withHelpTop(state, Number.MAX_SAFE_INTEGER);
    default:
      return null;
  }
};

/** As far down as there are lines for a whole screen. */
export const withHelpTop = (state: State, top: number): State => {
  const { columns } = state.size;
  const latest = helpLines(columns).length - layoutOf(state.size).body;
  return { ...state, helpTop: Math.max(0, Math.min(top, latest)) };
};
