/** What a user can ask for. Which keys mean what is the terminal's (terminal/keys.ts). */
export type Action =
  | { readonly kind: 'quit' | 'help' | 'back' | 'choose' | 'hold' | 'redraw' | 'suspend' }
  /** Rows; negative is up. */
  | { readonly kind: 'move'; readonly by: number }
  /** Screens: 1, 0.5, -1. */
  | { readonly kind: 'page'; readonly by: number }
  | { readonly kind: 'first' | 'last' }
  /** 1 for the next one, -1 for the one before. */
  | { readonly kind: 'sort'; readonly by: 1 | -1 }
  | { readonly kind: 'invert' }
  | { readonly kind: 'turnView'; readonly by: 1 | -1 }
  /** Counted from 0. */
  | { readonly kind: 'view'; readonly index: number };
