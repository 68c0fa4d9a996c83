/**
 * Whether to ask before leaving: only where the terminal is the program's, too, and the program runs. It is the
 * program that counts, not the process looked at, which may be a child that has ended. Never acts: that is the
 * app's and its errands'.
 */
import type { Connection, State } from './state.js';

export const asksBeforeLeaving = ({ leaving, overlay, connection, newest }: State): boolean =>
  leaving === 'asks' && overlay !== 'leave' && connection.kind === 'live' && (newest.header?.running ?? true); // before the first header it runs, too

/** A question that is open when the program ends is none any more; the pid it would signal may be another's. */
export const connected = (state: State, connection: Connection): State =>
  state.overlay === 'leave' && connection.kind !== 'live'
    ? { ...state, connection, overlay: 'none', notice: 'Nothing is left to ask: q leaves.' }
    : { ...state, connection };
