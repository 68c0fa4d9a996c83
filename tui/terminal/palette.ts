/** How styles look on terminals of many, few and no colours. Colour is never the only signal: words and marks say
 * the same. */
import type { Style } from '../screen/cells.js';

/** SGR parameters; empty for none. */
export type Palette = Readonly<Record<Style, string>>;

/** The 16 colours that every terminal has, in the tones its user chose. */
export const COLOURS: Palette = {
  plain: '',
  strong: '1',
  faint: '90',
  alarm: '1;33',
  good: '32',
  heading: '1;36',
  selected: '7',
  plot: '36',
  found: '1;4;33',
};

/** Of 256, tones of middle brightness: they can be read on black and on white. */
export const MANY_COLOURS: Palette = {
  plain: '',
  strong: '1',
  faint: '38;5;244',
  alarm: '1;38;5;172',
  good: '38;5;35',
  heading: '1;38;5;37',
  selected: '7',
  plot: '38;5;67',
  found: '1;4;38;5;172',
};

/** Weight and inversion are no colours. */
export const NO_COLOURS: Palette = {
  plain: '',
  strong: '1',
  faint: '',
  alarm: '1',
  good: '',
  heading: '4',
  selected: '7',
  plot: '',
  found: '1;4',
};

/** By what the terminal says it can (TERM, COLORTERM) and what its user wants (NO_COLOR, no-color.org). */
export const paletteOf = (env: Readonly<Record<string, string | undefined>>): Palette => {
  const { NO_COLOR, TERM = '', COLORTERM } = env;
  if (NO_COLOR || /^vt\d|-m(ono)?$/.test(TERM)) return NO_COLOURS;
  return COLORTERM || /256color|direct/.test(TERM) ? MANY_COLOURS : COLOURS;
};
