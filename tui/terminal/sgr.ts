/** Styles as the escape sequences of terminals. */
import type { Line } from '../screen/cells.js';
import type { Palette } from './palette.js';

export const sgrText = (line: Line, palette: Palette): string =>
  line
    .map(({ text, style }) => {
      const codes = palette[style];
      return codes === '' ? text : `\u001b[${codes}m${text}\u001b[0m`;
    })
    .join('');
