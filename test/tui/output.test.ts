/** The program’s own output on its view: whatever it writes, the screen stays whole. */
import test from 'ava';
import { NO_OUTPUT, withText } from '../../tui/output.js';
import { initialState } from '../../tui/state.js';
import { update } from '../../tui/update.js';
import { fakeSession } from '../server/fakeSession.js';
import { FAKES, press, screenText, show } from './build.js';

const linesOf = (...texts: readonly string[]) => texts.reduce(withText, NO_OUTPUT).lines;

test('colours, titles and progress bars of the program do not disturb the screen', (t) => {
  t.deepEqual(linesOf('\u001b[1;31mred\u001b[0m\r\n\u001b]0;title\u0007done\r\n'), ['red', 'done', '']);
  t.deepEqual(linesOf('10 %\r50 %\r100 %\r\n'), ['100 %', '']);
});

test('a progress bar that is written piece by piece is one line, which shows the newest', (t) => {
  t.deepEqual(linesOf('50 %\r', '51 %\r', '52 %'), ['52 %']);
  t.deepEqual(linesOf('50 %\r\u001b[K', '51 %\r', '\ndone\r', '\n'), ['51 %', 'done', '']);
});

test('a line that comes in pieces is one line', (t) => {
  t.deepEqual(linesOf('hel', 'lo\nwor', 'ld'), ['hello', 'world']);
});

test('a program that never stops writing does not fill our memory; what was left out is counted', (t) => {
  const output = withText(withText(NO_OUTPUT, 'x\n'.repeat(50_000)), 'end');
  t.is(output.lines.length, 10_000);
  t.is(output.lines.at(-1), 'end');
  t.is(output.dropped + output.lines.length, 50_001);
});

test('the newest of the output is followed until one goes up, and again at the end', (t) => {
  const write = (from: number, to: number) => (state: ReturnType<typeof initialState>) =>
    update(state, {
      kind: 'output',
      text: Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join(''),
    });
  const fresh = initialState(fakeSession(FAKES), { columns: 80, rows: 24 }, 'with output');
  const state = write(0, 100)(show(fresh, 'output'));
  t.regex(screenText(state), /line 99\n/);
  const up = write(100, 200)(press(state, { kind: 'move', by: -3 }));
  t.regex(screenText(up), /line 96\n/);
  t.notRegex(screenText(up), /line 199\n/);
  t.regex(screenText(write(200, 300)(press(up, { kind: 'last' }))), /line 299\n/);
});
