/** How many colours which terminal gets. */
import test from 'ava';
import type { Style } from '../../tui/screen/cells.js';
import { COLOURS, MANY_COLOURS, NO_COLOURS, paletteOf } from '../../tui/terminal/palette.js';
import { sgrText } from '../../tui/terminal/sgr.js';

test('a terminal gets as many colours as it says it has, and none where its user wants none', (t) => {
  t.is(paletteOf({ TERM: 'xterm' }), COLOURS);
  t.is(paletteOf({ TERM: 'screen.xterm-256color' }), MANY_COLOURS);
  t.is(paletteOf({ TERM: 'xterm', COLORTERM: 'truecolor' }), MANY_COLOURS);
  t.is(paletteOf({ TERM: 'vt100' }), NO_COLOURS);
  t.is(paletteOf({ TERM: 'xterm-256color', NO_COLOR: '1' }), NO_COLOURS);
  t.is(paletteOf({ TERM: 'xterm-256color', NO_COLOR: '' }), MANY_COLOURS);
});

test('without colours nothing sets one, and what is chosen still stands out', (t) => {
  const styles = Object.keys(NO_COLOURS) as Style[];
  for (const style of styles)
    t.notRegex(sgrText([{ text: 'x', style }], NO_COLOURS), /\[(?:\d+;)*(?:3\d|4\d|9\d|10\d)/, style);
  t.not(NO_COLOURS.selected, '');
  t.not(NO_COLOURS.found, NO_COLOURS.plain);
});
