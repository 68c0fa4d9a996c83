/** What the keys do beyond moving: search, filter, mark, tree, detail, mouse. */
import test from 'ava';
import { asksBeforeLeaving } from '../../tui/leaving.js';
import { wantedSource, wantedViews } from '../../tui/queries.js';
import { sourceOf } from '../../tui/row.js';
import { rowsOf } from '../../tui/rows.js';
import { hitAt } from '../../tui/screen/hit.js';
import { initialState, type State } from '../../tui/state.js';
import { actionOf } from '../../tui/terminal/keys.js';
import { update } from '../../tui/update.js';
import { fakeSession, SITES } from '../server/fakeSession.js';
import { answered, daemonOf, FAKES, LOOK, letters, press, screenText, started, type } from './build.js';

const SIZE = { columns: 80, rows: 24 };

const MANY = Array.from({ length: 100 }, (_, at) => ({
  stack: [`/home/me/app!f${at}@/home/me/src/f.c:${at + 1}`],
  bytes: 1000 - at,
}));

const selected = (state: State): unknown => {
  const row = rowsOf(state)[state.cursors[state.detail ? 'detail' : state.view].at];
  return row?.kind === 'sum' || row?.kind === 'node' ? row.row.function : row?.kind;
};

test('/ goes to the first match while one types, n and N to others, round the end', async (t) => {
  const state = await started(SIZE, [{ sites: MANY }]);
  const typing = type(state, '/', ...letters('f1'));
  t.is(selected(typing), 'f1');
  t.is(selected(type(typing, '7')), 'f17');
  t.is(selected(type(typing, '7', 'backspace')), 'f1');
  const searched = type(typing, 'enter');
  t.is(searched.prompt, null);
  t.is(selected(type(searched, 'n')), 'f10');
  t.is(selected(type(searched, 'n', 'S-n')), 'f1');
  t.is(selected(type(searched, 'S-n')), 'f19');
  t.regex(screenText(searched), /\/f1 \(n N\)/);
});

test('Esc gives a search up and goes back to where it began', async (t) => {
  const state = type(await started(SIZE, [{ sites: MANY }]), 'j', 'j');
  const given = type(state, '/', ...letters('f50'), 'escape');
  t.is(selected(given), 'f2');
  t.is(given.search, '');
  t.regex(type(state, '/', ...letters('nowhere')).notice ?? '', /Nothing here has nowhere/);
});

test('more rows are asked for while something is searched', async (t) => {
  const state = await started(SIZE, [{ sites: MANY }]);
  t.true((wantedViews(type(state, '/')).lines?.limit ?? 0) > (wantedViews(state).lines?.limit ?? 0));
});

test('what is searched and only comes with the rows that are asked for then is gone to, also after Enter', async (t) => {
  const many = Array.from({ length: 400 }, (_, at) => ({
    stack: [`/home/me/app!f${at}@/home/me/src/f.c:${at + 1}`],
    bytes: 1000 - at,
  }));
  const live = fakeSession([{ sites: many }]);
  const daemon = daemonOf(live);
  const first = await answered(initialState(live, SIZE), live, daemon);
  const typing = type(first, '/', ...letters('f350'));
  t.regex(screenText(typing), /Nothing in the first 200 rows has f350 in it; f filters all\./);
  t.is(selected(await answered(typing, live, daemon)), 'f350');
  const found = await answered(type(typing, 'enter'), live, daemon);
  t.is(selected(found), 'f350');
  t.is(found.notice, null);
  t.is(selected(await answered(type(found, 'k'), live, daemon)), 'f349'); // and left alone from then on
});

test('of a long filter the end and the whole mistake are seen, of a long message all of it', async (t) => {
  const state = await started(SIZE);
  const wrong = screenText(type(state, 'f', ...letters(`${'x'.repeat(90)} thread:y`)));
  t.regex(wrong, /thread: is not possible here[\s\S]*see\s+the\s+Threads\s+view\nfilter: …x+ \[thread:\]y/);
  t.is(wrong.trimEnd().split('\n').length, SIZE.rows);
  t.regex(screenText(type(state, '/', ...letters(`${'x'.repeat(90)}END`))), /…x+END/);
  const name = `${'a-very-long-name-of-a-snapshot.'.repeat(3)}json`;
  const saved = screenText(update(state, { kind: 'notice', text: `Saved as ${name} in the folder` }));
  t.regex(saved, /in the folder/);
  t.is(saved.trimEnd().split('\n').length, SIZE.rows);
});

test('a line that is looked into after the end still tells what it holds, and says what is missing', async (t) => {
  const ended = update(await started(SIZE), { kind: 'connection', connection: { kind: 'over' } });
  const lines = Array.from({ length: 150 }, (_, at) => `text of ${at + 1}`);
  const state = update(type(ended, 'enter'), {
    kind: 'source',
    file: '/home/me/src/cache.c',
    source: { lines, note: null },
  });
  t.regex(screenText(state), /91\.6 MiB +1,500,000 .*▶ +130 {2}text of 130/);
  t.regex(screenText(state), /Its stacks were not asked for/);
});

test('a filter by figures holds of processes and threads too; where none holds, the foot says so', async (t) => {
  const state = type(await started(SIZE), 'f', ...letters('size>1g'), 'enter');
  t.deepEqual(
    rowsOf(type(state, '8')).map(({ kind }) => kind),
    ['all'],
  );
  t.deepEqual(rowsOf(type(state, '6')), []);
  t.regex(screenText(type(state, '7')), /filter size>1g \(not here; Esc clears\)/);
  t.true(rowsOf(type(await started(SIZE), '8', 'f', ...letters('size>1k'), 'enter')).length > 0);
});

test('of a function with a very long name file and line are seen all the same', async (t) => {
  const long = `std::map<${'std::pair<int, std::string>, '.repeat(9)}int>::insert`;
  const live = fakeSession([
    { sites: [{ stack: [`/home/me/app!${long}@/home/me/src/map.cpp:77`], bytes: 9 }] },
  ]);
  const daemon = daemonOf(live);
  const ask = (state: State) => answered(state, live, daemon);
  const first = await ask(initialState(live, SIZE));
  t.regex(screenText(await ask(await ask(type(first, '5')))), /std::map<.*… {2}~\/src\/map\.cpp:77/);
  const detail = screenText(await ask(type(first, 'enter')));
  t.regex(detail, /std::map<.*… {2}\/home\/me\/src\/map\.cpp\n/);
  t.regex(detail, /std::map<.*… \(~\/src\/map\.cpp:77\)/);
});

test('who looks into a row of a held display is told that it goes on', async (t) => {
  const state = type(await started(SIZE), 'space', 'enter');
  t.is(state.held, null);
  t.regex(screenText(state), /No longer held/);
});

test('f filters here at once and at the daemon; it stays in sight, Esc clears it', async (t) => {
  const state = await started(SIZE);
  const filtered = type(state, 'f', ...letters('cache size>1m'), 'enter');
  t.deepEqual(
    rowsOf(filtered).map((row) => (row.kind === 'sum' ? row.row.function : '')),
    ['cache_insert'],
  );
  t.is(wantedViews(filtered).lines?.filter, 'cache size>1m');
  t.is(wantedViews(type(filtered, '5')).stacks?.filter, 'cache size>1m');
  t.regex(screenText(filtered), /filter cache size>1m/);
  const cleared = type(filtered, 'escape');
  t.is(cleared.filter, null);
  t.is(rowsOf(cleared).length, 6);
});

test('a filter that makes no sense is not taken, what was typed stays', async (t) => {
  const state = type(await started(SIZE), 'f', ...letters('modul:x'), 'enter');
  t.is(state.filter, null);
  t.is(state.prompt?.typing.text, 'modul:x');
  t.regex(screenText(state), /there is no modul:[\s\S]*\[modul:\]x/);
  t.is(type(state, 'C-u', 'enter').prompt, null);
});

test('letters are letters while one types, not commands', async (t) => {
  const state = type(await started(SIZE), '/', 'q', '5', ' ');
  t.is(state.prompt?.typing.text, 'q5 ');
  t.is(state.view, 'lines');
  t.is(actionOf('space', 'prompt', ' ')?.kind, 'type');
  t.is(actionOf('enter', 'prompt', '\r')?.kind, 'accept');
});

test('m and d: what has grown since stands first, what has not is left out', async (t) => {
  const live = fakeSession(FAKES);
  const daemon = daemonOf(live);
  const first = await answered(initialState(live, SIZE), live, daemon);
  t.regex(type(first, 'd').notice ?? '', /no mark yet/);
  const { mark, takenAt, live: then } = await daemon.views.marks.set();
  const marked = update(first, { kind: 'mark', mark: { number: mark, takenAt, live: then } });
  const same = await answered(type(marked, 'd'), live, daemon);
  t.deepEqual(rowsOf(same), []);
  t.regex(screenText(same), /Nothing has changed since the mark/);
  live.grow(2);
  const grown = await answered(same, live, daemon);
  t.regex(screenText(grown), /growth▼.*\n.*\+91\.6 MiB/);
  t.is(type(grown, 'd').sort, 'live');
  t.is(wantedViews(grown).lines?.since, mark);
});

test('growth since the mark is counted from the mark, not from what was on the screen when it was set', async (t) => {
  const live = fakeSession(FAKES);
  const daemon = daemonOf(live);
  const first = await answered(initialState(live, SIZE), live, daemon);
  live.grow(2); // between what is on the screen and the mark
  const { mark, takenAt, live: then } = await daemon.views.marks.set();
  const marked = update(first, { kind: 'mark', mark: { number: mark, takenAt, live: then } });
  const same = await answered(marked, live, daemon);
  t.regex(screenText(same), / 0 B in .* since the mark/);
  const child = await answered(type(same, '8', 'j', 'j', 'enter'), live, daemon);
  t.regex(screenText(child), /pid 4712 .* 0 B in .* since the mark/);
});

test('growth since the mark holds what Python has grown by, as the rows do', async (t) => {
  const first = await started(SIZE);
  const { header } = first.newest;
  if (!header) throw new Error('no header');
  const python = {
    liveBytes: 5 << 20,
    liveBlocks: 1,
    totalBytes: 5 << 20,
    totalBlocks: 1,
    peakBytes: 5 << 20,
  };
  const state = update(
    update(first, {
      kind: 'mark',
      mark: { number: 1, takenAt: '', live: [{ index: 0, liveBytes: header.totals.liveBytes }] },
    }),
    {
      kind: 'update',
      view: 'lines',
      header: { ...header, totals: { ...header.totals, python } },
      table: undefined,
    },
  );
  t.regex(screenText(state), /\+5\.0 MiB in .* since the mark/);
});

for (const how of ['held', 'the daemon is gone'] as const)
  test(`a view that is older than the header says so while the display stands still (${how})`, async (t) => {
    const state = await started(SIZE);
    const { header } = state.newest;
    if (!header) throw new Error('no header');
    const takenAt = new Date(Date.parse(header.takenAt) + 90_000).toISOString();
    const later = update(state, {
      kind: 'update',
      view: 'lines',
      header: { ...header, takenAt },
      table: undefined,
    });
    const still =
      how === 'held'
        ? type(later, 'space')
        : update(later, { kind: 'connection', connection: { kind: 'lost', why: '' } });
    t.notRegex(screenText(still), /before\]/);
    t.regex(screenText(type(still, '6')), /\[this view: 1 min 30 s before\]/);
    t.notRegex(screenText(type(later, '6')), /before\]/); // a newer one is on its way
  });

test('views that are not looked at are brought up to date all the same', async (t) => {
  const wanted = wantedViews(await started(SIZE));
  t.true((wanted.lines?.intervalMs ?? 0) > 0);
  t.true((wanted.threads?.intervalMs ?? 0) > (wanted.lines?.intervalMs ?? 0));
});

test('the tree opens and closes, turns round, and keeps its cursor', async (t) => {
  const live = fakeSession([{ sites: SITES }]);
  const daemon = daemonOf(live);
  const ask = (state: State) => answered(state, live, daemon);
  let state = await ask(type(await ask(initialState(live, SIZE)), '5'));
  const names = () => rowsOf(state).map((row) => (row.kind === 'node' ? row.row.function : ''));
  t.deepEqual(names().slice(0, 2), ['main', 'cache_insert']);
  state = await ask(type(state, '-'));
  t.deepEqual(names(), ['main']);
  t.is(selected(state), 'main');
  state = await ask(type(state, 'enter'));
  t.is(names().length, 7);
  state = await ask(type(state, 'g', '*', 'S-g', '-'));
  t.is(selected(state), 'main'); // up to whoever it belongs to
  state = await ask(type(state, 't'));
  t.is(names()[0], 'cache_insert');
  t.regex(screenText(state), /allocators first/);
});

test('Enter on a line shows its source with the bytes of each line, and the stacks that lead there', async (t) => {
  const live = fakeSession(FAKES);
  const daemon = daemonOf(live);
  const first = await answered(initialState(live, SIZE), live, daemon);
  const asking = type(first, 'enter');
  t.is(wantedSource(asking), '/home/me/src/cache.c');
  t.is(wantedViews(first)['detail stacks'], undefined);
  let state = await answered(asking, live, daemon);
  const lines = Array.from({ length: 150 }, (_, at) => `text of ${at + 1}`);
  state = update(state, { kind: 'source', file: '/home/me/src/cache.c', source: { lines, note: null } });
  t.is(wantedSource(state), null);
  t.is(selected(state), 'source');
  t.regex(screenText(state), /91\.6 MiB +1,500,000 .*▶ +130 {2}text of 130/);
  t.regex(screenText(state), /1 stack leads here/);
  t.deepEqual(sourceOf(rowsOf(state)[state.cursors.detail.at]), {
    file: '/home/me/src/cache.c',
    line: 130,
    row: null,
    text: 'text of 130',
    isChosen: true,
    ...(rowsOf(state)[state.cursors.detail.at] as { source: object }).source,
  });
  t.true(rowsOf(type(state, '*')).length > 150);
  t.true(rowsOf(type(state, '+')).length > rowsOf(state).length);
  t.is(type(state, 'escape').detail, null);
});

test('a source that is not there is said to be missing, the stacks are shown all the same', async (t) => {
  const live = fakeSession(FAKES);
  const daemon = daemonOf(live);
  const state = type(await answered(initialState(live, SIZE), live, daemon), 'enter');
  const missing = update(await answered(state, live, daemon), {
    kind: 'source',
    file: '/home/me/src/cache.c',
    source: { lines: null, note: '/home/me/src/cache.c is not on this machine.' },
  });
  t.regex(screenText(missing), /is not on this machine/);
  t.regex(screenText(missing), /cache_insert \(~\/src\/cache\.c:130\)/);
});

test('a click on a row chooses it, a second one opens it; on a title it sorts; on a tab it shows', async (t) => {
  const state = await started(SIZE);
  const lines = screenText(state).split('\n');
  const rowOf = (text: RegExp) => lines.findIndex((line) => text.test(line));
  const click = (now: State, column: number, row: number) => {
    const action = hitAt(now, LOOK, column, row);
    return action ? press(now, action) : now;
  };
  const chosen = click(state, 3, rowOf(/read_config/));
  t.is(selected(chosen), 'read_config');
  t.is(click(chosen, 3, rowOf(/read_config/)).detail?.row.function, 'read_config');
  const head = rowOf(/live▼/);
  t.is(click(state, (lines[head] ?? '').indexOf('blocks'), head).sort, 'blocks');
  t.is(click(state, 2, head).order, 'ascending');
  t.is(click(state, (lines[head - 1] ?? '').indexOf('Sizes'), head - 1).view, 'sizes');
  t.is(hitAt(state, LOOK, 3, 22), null);
});

test('the wheel moves the rows, the cursor stays in sight', async (t) => {
  const state = await started(SIZE, [{ sites: MANY }]);
  const rolled = press(state, { kind: 'scroll', by: 3 });
  t.is(rolled.cursors.lines.top, 3);
  t.is(selected(rolled), 'f3');
  t.is(press(rolled, { kind: 'scroll', by: -30 }).cursors.lines.top, 0);
});

test('[ and ] change how often the daemon is asked, within bounds', async (t) => {
  const state = await started(SIZE);
  t.is(wantedViews(state).lines?.intervalMs, 250);
  t.is(wantedViews(type(state, '[', '[', '[')).lines?.intervalMs, 100);
  t.is(wantedViews(type(state, ...letters(']]]]]]]]'))).lines?.intervalMs, 10_000);
});

test('leaving asks once; Esc stays, k keeps, s stops, e ends', async (t) => {
  const asked = type(await started(SIZE), 'q');
  t.is(asked.overlay, 'leave');
  t.is(type(asked, 'escape').overlay, 'none');
  const of = (key: string) => actionOf(key, 'leave');
  t.deepEqual(
    ['k', 's', 'e'].map((key) => of(key)),
    [
      { kind: 'leave', program: 'runs on' },
      { kind: 'leave', program: 'runs on untraced' },
      { kind: 'leave', program: 'ends' },
    ],
  );
});

test('who looks at a child that has ended is asked, too, before the program is left behind', async (t) => {
  const live = fakeSession(FAKES);
  const state = initialState(live, SIZE, 'with output');
  const child = await answered({ ...state, process: live.processes()[1].index }, live);
  t.is(child.newest.header?.process?.state, 'exited');
  t.true(asksBeforeLeaving(child));
  live.end();
  t.false(asksBeforeLeaving(await answered(child, live)));
});

test('a program that ends while it is asked about is not kept, stopped or ended any more', async (t) => {
  const asked = type(await started(SIZE), 'q');
  for (const connection of [{ kind: 'over' }, { kind: 'lost', why: 'it is gone' }] as const) {
    const ended = update(asked, { kind: 'connection', connection });
    t.is(ended.overlay, 'none', connection.kind);
    t.false(asksBeforeLeaving(ended));
  }
  t.is(
    update(type(asked, 'escape', '?'), { kind: 'connection', connection: { kind: 'over' } }).overlay,
    'help',
  );
});

test('filters leave threads, processes and output by name', async (t) => {
  const state = type(await started(SIZE), 'f', ...letters('worker'), 'enter');
  t.is(rowsOf(state, 'threads').length, 1);
  t.is(rowsOf(type(state, 'escape'), 'threads').length, 2);
});

test('thread: filters threads, is refused where rows are stacks, and does not outlive the view', async (t) => {
  const threads = type(await started(SIZE), '6', 'f', ...letters('thread:worker'), 'enter');
  t.is(threads.filter?.text, 'thread:worker');
  t.is(wantedViews(threads).lines?.filter, undefined); // which would refuse it, on the screen of the threads
  t.is(rowsOf(threads, 'threads').length, 1);
  t.is(type(threads, '1').filter, null);
  const lines = type(await started(SIZE), '1', 'f', ...letters('thread:worker'), 'enter');
  t.regex(lines.prompt?.fault?.message ?? '', /see the Threads view/);
  t.is(lines.filter, null);
});
