/**
 * Screens as text under test/fixtures/golden/tui-*.txt. After a wanted change write them anew:
 *
 *     MEMTRACE_GOLDEN=write npx ava dist/test/tui/screens.test.js
 */
import test from 'ava';
import { screenLines } from '../../tui/screen/screen.js';
import type { Size } from '../../tui/state.js';
import { initialState } from '../../tui/state.js';
import { update } from '../../tui/update.js';
import { width } from '../../views/text.js';
import { golden } from '../cli/golden.js';
import { fakeSession, SITES } from '../server/fakeSession.js';
import { FAKES, LOOK, press, screenText, show, started } from './build.js';

const SIZES: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 40, rows: 12 },
];

for (const size of SIZES) {
  const name = `${size.columns}x${size.rows}`;
  test(`the top lines on a terminal of ${name}`, async (t) => {
    golden(t, `tui-lines-${name}`, screenText(await started(size)));
  });
  test(`the processes on a terminal of ${name}`, async (t) => {
    golden(t, `tui-processes-${name}`, screenText(show(await started(size), 'processes')));
  });
}

const [NORMAL = { columns: 80, rows: 24 }] = SIZES;

test('help names every key', async (t) => {
  golden(t, 'tui-help-80x24', screenText(press(await started(NORMAL), { kind: 'help' })));
});

test('functions, sorted by blocks, smallest first: the column says so without colour', async (t) => {
  const state = press(show(await started(NORMAL), 'functions'), { kind: 'sort', by: 1 }, { kind: 'invert' });
  golden(t, 'tui-functions-80x24', screenText(state));
});

test('LANG=C gets no letters it cannot show', async (t) => {
  const plain = SITES.filter(({ stack }) => !/[^ -~]/.test(stack.join('')));
  const state = await started(NORMAL, [{ ...FAKES[0], sites: plain }]);
  const text = screenText(state, { ...LOOK, glyphs: 'ascii' });
  golden(t, 'tui-ascii-80x24', text);
  t.notRegex(text, /[^\n -~]/);
});

test('before the daemon has said anything the screen says that it waits', (t) => {
  golden(t, 'tui-waiting-80x24', screenText(initialState(fakeSession(FAKES), NORMAL)));
});

test('a daemon that goes away is said to be gone, and what it told last stays', async (t) => {
  const connection = { kind: 'lost', why: 'It ended.' } as const;
  const state = update(await started(NORMAL), { kind: 'connection', connection });
  golden(t, 'tui-lost-80x24', screenText(state));
});

test('no line is ever wider than the terminal, and there are never too many, whatever its size', async (t) => {
  const start = await started(NORMAL);
  for (let columns = 1; columns < 200; columns += 7)
    for (let rows = 1; rows < 60; rows += 5) {
      const sized = update(start, { kind: 'resize', size: { columns, rows } });
      for (const state of [sized, show(sized, 'processes'), press(sized, { kind: 'help' })]) {
        const lines = screenLines(state, LOOK);
        t.is(lines.length <= rows, true, `${columns}x${rows}`);
        for (const line of lines) {
          const wide = line.reduce((sum, { text }) => sum + width(text), 0);
          if (wide > columns) t.fail(`${columns}x${rows}: ${wide} columns`);
        }
      }
    }
});

test('an escape sequence in the name of a function does not reach the terminal', async (t) => {
  const stack = ['/home/me/app!evil\u001b[2J\u0007name@/home/me/x\u001b]0;pwned\u0007.c:3'];
  const state = await started(NORMAL, [
    { sites: [{ stack, bytes: 5 }], info: { command: ['app', '\u001b[31m'] } },
  ]);
  const text = screenText(state);
  t.false(text.includes('\u001b') || text.includes('\u0007'));
  t.regex(text, /evil\\x1b\[2J\\x07/);
});
