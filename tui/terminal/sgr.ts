/** Styles as the escape sequences of terminals. Colour is never the only signal: words and marks say the same. */
import type { Line, Style } from '../screen/cells.js';

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

/** NO_COLOR: weight and inversion are no colours. */
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

export const sgrText = (line: Line, palette: Palette): string =>
  line
    .map(({ text, style }) => {
      const codes = palette[style];
      return codes === '' ? text : `\u001b[${codes}m${text}\u001b[0m`;
    })
    .join('');
