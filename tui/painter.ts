/** What the UI needs of a terminal. terminal/ has the one on blessed; tests have another. */
import type { Action, InputMode } from './actions.js';
import type { Line } from './screen/cells.js';
import type { Size } from './state.js';

export interface Painter {
  readonly size: () => Size;
  /** Shows these lines, from the top. */
  readonly paint: (lines: readonly Line[]) => void;
  /** Draws everything anew, whatever is on the terminal. */
  readonly redraw: () => void;
  /** Gives the terminal back until the process is continued. */
  readonly suspend: () => void;
  /** Gives the terminal to a command until it ends. @returns what went wrong, null for nothing */
  readonly lend: (command: string, args: readonly string[]) => Promise<string | null>;
  /** Puts the text where the terminal's user pastes from, if the terminal does that (OSC 52). */
  readonly copy: (text: string) => void;
  /** Gives the terminal back for good. Twice does no harm. */
  readonly close: () => void;
}

export interface PainterEvents {
  readonly onAction: (action: Action) => void;
  readonly onResize: (size: Size) => void;
  readonly inputMode: () => InputMode;
}

export type OpenPainter = (events: PainterEvents) => Painter;
