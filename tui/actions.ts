/** What a user can ask for. Which keys mean what is the terminal's (terminal/keys.ts). */
import type { SortKey } from '../proto/messages.js';
import type { ShownView } from './state.js';
import type { Stretch } from './typing.js';

export type Action =
  | { readonly kind: 'quit' | 'help' | 'back' | 'choose' | 'hold' | 'redraw' | 'suspend' }
  | {
      readonly kind:
        | 'search'
        | 'filter'
        | 'mark'
        | 'difference'
        | 'follow'
        | 'resetPeak'
        | 'snapshot'
        | 'editor'
        | 'copy'
        | 'tree';
    }
  /** Rows; negative is up. */
  | { readonly kind: 'move'; readonly by: number }
  /** Of the mouse: the rows move, and the cursor when it must. */
  | { readonly kind: 'scroll'; readonly by: number }
  /** Screens: 1, 0.5, -1. */
  | { readonly kind: 'page'; readonly by: number }
  | { readonly kind: 'first' | 'last' }
  /** To this row; on it already: choose it. */
  | { readonly kind: 'select'; readonly index: number }
  /** A place on the screen, counted from 0: what is there is the app's to find out. */
  | { readonly kind: 'click'; readonly column: number; readonly row: number }
  /** 1 for the next one, -1 for the one before. */
  | { readonly kind: 'found'; readonly by: 1 | -1 }
  | { readonly kind: 'sort'; readonly by: 1 | -1 }
  | { readonly kind: 'sortBy'; readonly sort: SortKey }
  | { readonly kind: 'invert' }
  /** More, less, or all that is below a row. */
  | { readonly kind: 'open'; readonly how: 'more' | 'less' | 'all' }
  | { readonly kind: 'turnView'; readonly by: 1 | -1 }
  /** Counted from 0. */
  | { readonly kind: 'view'; readonly index: number }
  | { readonly kind: 'show'; readonly view: ShownView }
  /** 1 for slower. */
  | { readonly kind: 'pace'; readonly by: 1 | -1 }
  | { readonly kind: 'type'; readonly text: string }
  /** Of what is typed; negative is to the left. */
  | { readonly kind: 'caret'; readonly by: 1 | -1; readonly over: Stretch }
  | { readonly kind: 'erase'; readonly by: 1 | -1; readonly what: Stretch }
  /** 1 for what was entered before, -1 back towards now. */
  | { readonly kind: 'recall'; readonly by: 1 | -1 }
  | { readonly kind: 'accept' | 'cancel' }
  | { readonly kind: 'leave'; readonly program: 'runs on' | 'runs on untraced' | 'ends' };

/** What keys mean depends on what is open. */
export type InputMode = 'list' | 'prompt' | 'leave';
