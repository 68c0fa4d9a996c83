/** What keys do to the rows, the views and what the daemon is asked for; without a terminal. */
import test from 'ava';
import { wantedViews } from '../../tui/queries.js';
import { rowsOf } from '../../tui/rows.js';
import type { State } from '../../tui/state.js';
import { TABLE_VIEWS } from '../../tui/state.js';
import { actionOf } from '../../tui/terminal/keys.js';
import { update } from '../../tui/update.js';
import { fakeSession, SITES } from '../server/fakeSession.js';
import { answered, FAKES, press, screenText, started } from './build.js';

const SIZE = { columns: 80, rows: 24 };

const type = (state: State, ...keys: readonly string[]): State =>
  press(
    state,
    ...keys.map((key) => {
      const action = actionOf(key);
      if (!action) throw new Error(`no such key: ${key}`);
      return action;
    }),
  );

const MANY = Array.from({ length: 100 }, (_, at) => ({
  stack: [`/home/me/app!f${at}@/home/me/src/f.c:${at + 1}`],
  bytes: 1000 - at,
}));

const selected = (state: State): unknown => {
  const row = rowsOf(state)[state.cursors[state.view].at];
  return row?.kind === 'sum' ? row.row.function : row?.key;
};

test('j k, arrows, g G, page and half page move through the rows and stop at the ends', async (t) => {
  const state = await started(SIZE, [{ sites: MANY }]);
  const at = (...keys: readonly string[]) => selected(type(state, ...keys));
  t.is(at('j'), 'f1');
  t.is(at('down', 'j', 'k'), 'f1');
  t.is(at('k'), 'f0');
  t.is(at('pagedown'), 'f16');
  t.is(at('C-d'), 'f8');
  t.is(at('C-d', 'C-u'), 'f0');
  t.is(at('S-g'), 'f99');
  t.is(at('end', 'pageup', 'j'), 'f84');
  t.is(at('S-g', 'j', 'home'), 'f0');
});

test('the cursor is always on the screen', async (t) => {
  let state = await started(SIZE, [{ sites: MANY }]);
  for (const key of ['S-g', 'k', 'C-u', 'pageup', 'pageup', 'j', 'pagedown', 'g', 'S-g']) {
    state = type(state, key);
    t.true(screenText(state).includes(`${selected(state)}\n`), key);
  }
  state = update(state, { kind: 'resize', size: { columns: 60, rows: 9 } });
  t.true(screenText(state).includes(`${selected(state)}\n`));
});

test('the chosen row is followed when another overtakes it; at the top the largest stays chosen', async (t) => {
  const before = await started(SIZE, [{ sites: MANY.slice(0, 3) }]);
  const grown = fakeSession([
    { sites: MANY.slice(0, 3).map((site, at) => ({ ...site, bytes: at === 2 ? 9000 : site.bytes })) },
  ]);
  const followed = await answered(type(before, 'j'), grown);
  t.is(selected(followed), 'f1');
  t.is(followed.cursors.lines.at, 2);
  t.is(selected(await answered(before, grown)), 'f2');
});

test('F follows also the first row, and lets it go again', async (t) => {
  const before = await started(SIZE, [{ sites: MANY.slice(0, 3) }]);
  const grown = fakeSession([
    { sites: MANY.slice(0, 3).map((site, at) => ({ ...site, bytes: at === 2 ? 9000 : site.bytes })) },
  ]);
  t.is(selected(await answered(type(before, 'S-f'), grown)), 'f0');
  t.is(selected(await answered(type(before, 'S-f', 'S-f'), grown)), 'f2');
});

test('^R begins a new peak, which follows what comes and keeps what was', async (t) => {
  const before = await started(SIZE, [{ sites: MANY.slice(0, 2) }]);
  t.notRegex(screenText(before), /since \^R/);
  const sized = (bytes: number) => fakeSession([{ sites: [{ stack: MANY[0]?.stack ?? [], bytes }] }]);
  const more = await answered(type(before, 'C-r'), sized(3 << 20));
  const less = await answered(more, sized(1 << 20));
  t.regex(screenText(less), /live 1\.0 MiB .*since \^R 3\.0 MiB/);
});

test('s, < and > change the column, I the order; the daemon is asked for the same', async (t) => {
  const state = await started(SIZE);
  t.is(type(state, 's').sort, 'blocks');
  t.is(type(state, '>', '>').sort, 'peak');
  t.is(type(state, '<').sort, 'temporary');
  const inverted = type(state, 's', 'S-i');
  t.like(wantedViews(inverted).lines, { sort: 'blocks', order: 'ascending' });
  const blocks = rowsOf(inverted).map((row) => (row.kind === 'sum' ? row.row.liveBlocks : 0));
  t.deepEqual(
    blocks,
    [...blocks].sort((a, b) => a - b),
  );
});

test('space holds the display while the trace goes on, loudly, and lets it go again', async (t) => {
  const held = type(await started(SIZE), 'space');
  t.regex(screenText(held), /\[HELD\]/);
  const live = fakeSession([{ sites: SITES }]);
  live.grow(2);
  const later = await answered(held, live);
  t.regex(screenText(later), /91\.6 MiB.*cache_insert/);
  t.regex(screenText(type(later, 'space')), /183\.1 MiB.*cache_insert/);
});

test('Tab, Shift-Tab and digits go through the views; each keeps its own place', async (t) => {
  const state = type(await started(SIZE), 'j', 'j');
  t.is(type(state, 'tab').view, 'functions');
  t.is(type(state, 'S-tab').view, 'processes');
  t.is(type(state, '8').view, 'processes');
  t.is(type(state, '5').view, 'stacks');
  t.is(type(state, '9').view, 'lines');
  t.is(selected(type(state, '2', '1')), selected(state));
  t.is(TABLE_VIEWS.reduce((now) => type(now, 'tab'), state).view, 'lines');
});

test('Enter on a process looks into it, on the first row into all; Esc goes back to the main one', async (t) => {
  const list = type(await started(SIZE), '8');
  t.is(type(list, 'enter').process, 'all');
  t.regex(screenText(type(list, 'enter')), /\(a plot is of one process/);
  const child = type(list, 'j', 'j', 'enter');
  t.is(child.process, 1);
  t.is(child.view, 'lines');
  t.is(wantedViews(child).lines?.process, 1);
  t.regex(screenText(await answered(child, fakeSession(FAKES))), /pid 4712 .*exited 3/);
  t.is(type(child, 'escape').process, 'main');
  const untraced = type(list, 'S-g', 'enter');
  t.is(untraced.process, 'main');
  t.regex(untraced.notice ?? '', /Process 4713 is not traced: it is setuid/);
});

test('? opens the help, ? or Esc closes it; Esc never leaves, q and ^C do', async (t) => {
  const help = type(await started(SIZE), '?');
  t.is(help.overlay, 'help');
  t.is(type(help, '?').overlay, 'none');
  t.is(type(help, 'escape').overlay, 'none');
  t.deepEqual(
    [actionOf('q'), actionOf('C-c'), actionOf('escape')?.kind],
    [{ kind: 'quit' }, { kind: 'quit' }, 'back'],
  );
  t.is(actionOf('constructor'), undefined);
});

test('when the program has ended and the daemon has gone, there is still every view to browse', async (t) => {
  const live = fakeSession(FAKES);
  // The tree is there once it was looked at.
  const ended = type(await answered(type(await started(SIZE), '5'), live), '1');
  const gone = update(ended, { kind: 'connection', connection: { kind: 'over' } });
  for (const key of ['1', '2', '3', '4', '5', '6', '7', '8']) t.true(rowsOf(type(gone, key)).length > 0, key);
  const resorted = type(gone, 's', 's');
  t.is(selected(resorted), 'cache_insert');
});

test('d without a mark says what sets one, and after the end of the session that none was set', async (t) => {
  const state = await started(SIZE, [{ sites: MANY }]);
  t.regex(type(state, 'd').notice ?? '', /m sets one/);
  const over = update(state, { kind: 'connection', connection: { kind: 'over' } });
  t.notRegex(type(over, 'd').notice ?? '', /m sets one/);
});
