/** Editing what is typed at the foot of the screen, as shells and pagers have taught everybody's fingers. */
import test from 'ava';
import { screenLines } from '../../tui/screen/screen.js';
import type { State } from '../../tui/state.js';
import { width } from '../../views/text.js';
import { LOOK, letters, press, screenText, started, type } from './build.js';

const SIZE = { columns: 80, rows: 24 };

/** What is typed, with the caret before the letter that it stands on. */
const typing = (state: State): string | undefined => {
  if (!state.prompt) return undefined;
  const { text, caret } = state.prompt.typing;
  return `${text.slice(0, caret)}|${text.slice(caret)}`;
};

test('the caret moves by letters, words and to the ends; letters go where it stands', async (t) => {
  const prompt = type(await started(SIZE), 'f', ...letters('cache main'));
  const at = (...keys: readonly string[]) => typing(type(prompt, ...keys));
  t.is(at('left', 'left', 'x'), 'cache max|in');
  t.is(at('C-a', 'right', 'C-f', 'C-b', 'y'), 'cy|ache main');
  t.is(at('home', 'z', 'end', 'z'), 'zcache mainz|');
  t.is(at('C-left', 'C-left', 'C-right', '!'), 'cache!| main');
  t.is(at('M-b', 'C-e'), 'cache main|');
  t.is(at('home', 'left'), '|cache main');
  t.is(at('right'), 'cache main|');
});

test('^W, ^U, ^K, Delete and Backspace erase from the caret on, not from the end', async (t) => {
  const prompt = type(await started(SIZE), 'f', ...letters('one two three'), 'C-left', 'left');
  const at = (...keys: readonly string[]) => typing(type(prompt, ...keys));
  t.is(typing(prompt), 'one two| three');
  t.is(at('C-w'), 'one | three');
  t.is(at('C-u'), '| three');
  t.is(at('C-k'), 'one two|');
  t.is(at('delete', 'C-d'), 'one two|hree');
  t.is(at('backspace', 'C-h'), 'one t| three');
  t.is(at('M-d'), 'one two|');
  t.is(at('end', 'delete'), 'one two three|');
});

test('a letter of several signs is passed and erased as one', async (t) => {
  const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}';
  const prompt = press(type(await started(SIZE), 'f'), { kind: 'type', text: `a${family}e\u0301中` });
  t.is(typing(type(prompt, 'left', 'left', 'left')), `a|${family}e\u0301中`);
  t.is(typing(type(prompt, 'backspace', 'backspace', 'backspace')), 'a|');
  t.is(typing(type(prompt, 'home', 'right', 'delete')), 'a|e\u0301中');
});

test('Up brings back what was searched and filtered before, Down what one was typing', async (t) => {
  const searched = type(
    await started(SIZE),
    '/',
    ...letters('main'),
    'enter',
    '/',
    ...letters('cache'),
    'enter',
  );
  const filtered = type(searched, 'f', ...letters('size>1m'), 'enter', 'escape', 'escape');
  const again = type(filtered, '/', 'x', 'up');
  t.is(typing(again), 'cache|');
  t.is(again.search, 'cache'); // and it is looked for at once
  t.is(typing(type(again, 'up')), 'main|');
  t.is(typing(type(again, 'up', 'up', 'C-p')), 'main|');
  t.is(typing(type(again, 'up', 'down', 'C-n')), 'x|');
  t.is(typing(type(filtered, 'f', 'up')), 'size>1m|');
  const twice = type(filtered, '/', 'up', 'up', 'enter'); // the older one is the newest now, and there once
  t.is(typing(type(twice, '/', 'up')), 'main|');
  t.is(typing(type(twice, '/', 'up', 'up', 'up')), 'cache|');
});

test('what was given up is not remembered, and moving does not lose what was found', async (t) => {
  const state = await started(SIZE);
  t.is(typing(type(state, '/', 'a', 'escape', '/', 'up')), '|');
  const nowhere = type(state, '/', ...letters('nowhere'), 'left');
  t.regex(nowhere.notice ?? '', /Nothing here has nowhere/);
});

test('the caret is seen wherever it stands in a long text, and the line is never too long', async (t) => {
  const text = Array.from({ length: 30 }, (_, at) => `part${at}`).join(' ');
  let state = type(await started({ columns: 40, rows: 12 }), 'f', ...letters(text));
  for (let at = text.length; at >= 0; at -= 1) {
    const foot = screenLines(state, LOOK).at(-1) ?? [];
    const caret = foot.find(({ style }) => style === 'selected');
    t.is(caret?.text, text.charAt(at) || ' ');
    t.true(foot.reduce((sum, span) => sum + width(span.text), 0) <= 40);
    state = type(state, 'left');
  }
});

test('a mistake keeps its brackets wherever the caret stands', async (t) => {
  let state = type(await started(SIZE), 'f', ...letters('cache siez>1m main'));
  for (let at = 0; at < 'cache siez>1m main'.length; at += 1) {
    t.regex(screenText(state), /filter: cache \[siez\]>1m main/, typing(state));
    state = type(state, 'left');
  }
});

test('where the caret is, is seen: on a letter', async (t) => {
  const state = type(await started(SIZE), 'f', ...letters('cache'), 'left');
  const foot = screenLines(state, LOOK).at(-1) ?? [];
  t.deepEqual(
    foot.filter(({ text }) => text !== '').map(({ text, style }) => `${style}:${text}`),
    ['strong:filter: ', 'plain:cach', 'selected:e'],
  );
});
