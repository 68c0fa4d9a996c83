/**
 * Screens as text under test/fixtures/golden/tui-*.txt. After a wanted change write them anew:
 *
 *     MEMTRACE_GOLDEN=write npx ava dist/test/tui/screens.test.js
 */
import test from 'ava';
import { reasonOf } from '../../daemon/live/untraced.js';
import { UNTRACED_EXCLUDED } from '../../proto/generated/layout.js';
import type { Action } from '../../tui/actions.js';
import { wantedSource } from '../../tui/queries.js';
import { textOf } from '../../tui/row.js';
import { rowsOf } from '../../tui/rows.js';
import { helpLines } from '../../tui/screen/help.js';
import { screenLines } from '../../tui/screen/screen.js';
import type { Size, State } from '../../tui/state.js';
import { initialState } from '../../tui/state.js';
import { update } from '../../tui/update.js';
import { width } from '../../views/text.js';
import { golden } from '../cli/golden.js';
import { type FakeProcess, fakeSession, SITES } from '../server/fakeSession.js';
import { answered, daemonOf, FAKES, LOOK, press, screenText, show, showAnswered, started } from './build.js';

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

for (const size of SIZES)
  for (const view of ['functions', 'files', 'modules', 'stacks', 'threads', 'sizes'] as const) {
    const name = `${size.columns}x${size.rows}`;
    test(`${view} on a terminal of ${name}`, async (t) => {
      golden(t, `tui-${view}-${name}`, screenText(await showAnswered(await started(size), view)));
    });
  }

/** What a program writes: colours, a line that is written over, one that is longer than any screen. */
const WRITTEN = `\u001b[1mstarting\u001b[0m 3 workers
loading   1 %\rloading  50 %\rloading 100 %
worker 2: ${'request served, '.repeat(12)}done
${Array.from({ length: 30 }, (_, at) => `round ${at + 1}: 512 entries`).join('\n')}
`;

for (const size of SIZES) {
  const name = `${size.columns}x${size.rows}`;
  test(`what the program writes on a terminal of ${name}`, async (t) => {
    const live = fakeSession(FAKES);
    const first = await answered(initialState(live, size, 'with output'), live);
    golden(
      t,
      `tui-output-${name}`,
      screenText(show(update(first, { kind: 'output', text: WRITTEN }), 'output')),
    );
  });
  test(`help names every key on a terminal of ${name}, and goes on below`, async (t) => {
    const help = press(await started(size), { kind: 'help' });
    golden(t, `tui-help-${name}`, screenText(help));
    golden(t, `tui-help-end-${name}`, screenText(press(help, { kind: 'last' })));
  });
  test(`leaving asks what is to become of the program on a terminal of ${name}`, async (t) => {
    const live = fakeSession(FAKES);
    const first = await answered(initialState(live, size, 'with output'), live);
    golden(t, `tui-leave-${name}`, screenText(press(first, { kind: 'quit' })));
  });
}

test('where one is in the list is seen beside all the tabs, the output among them, and the tabs keep still', async (t) => {
  const sites = Array.from({ length: 400 }, (_, at) => ({
    stack: [`/home/me/app!f${at}@/x/f.c:1`],
    bytes: at + 1,
  }));
  const live = fakeSession([{ sites }]);
  const state = await answered(initialState(live, { columns: 80, rows: 24 }, 'with output'), live);
  const tabsOf = (now: State) => screenText(now).split('\n')[5] ?? '';
  t.regex(tabsOf(state), /\[1 Lines\] 2Funcs .* 9Output +1\/200\+$/);
  t.regex(tabsOf(press(state, { kind: 'last' })), /\[1 Lines\] 2Funcs .* 9Output +200\/200\+$/);
  for (const view of ['functions', 'modules', 'processes', 'output'] as const)
    t.regex(tabsOf(await answered(show(state, view), live)), /\d\/\d+\+?$|\[9 Output\]/, view);
});

for (const rows of [3, 4, 5, 6, 8])
  test(`on a terminal of ${rows} lines what is typed is seen, and what is asked can be answered`, async (t) => {
    const live = fakeSession(FAKES);
    const first = await answered(initialState(live, { columns: 60, rows }, 'with output'), live);
    const typed = press(first, { kind: 'filter' }, { kind: 'type', text: 'node' });
    const lastOf = (state: State) => screenText(state).trimEnd().split('\n').at(-1) ?? '';
    t.is(screenText(typed).trimEnd().split('\n').length, rows);
    t.regex(lastOf(typed), /filter: node/);
    t.regex(lastOf(press(first, { kind: 'quit' })), /k keep {2}s stop {2}e end {2}Esc stay/);
  });

const SOURCE = Array.from({ length: 200 }, (_, at) =>
  at === 129 ? '\tentry->value = malloc(size);' : `    line ${at + 1};`,
);

/** The largest line, looked into; the file is on the daemon's machine. */
const lookedInto = async (size: Size): Promise<State> => {
  const live = fakeSession(FAKES);
  const daemon = daemonOf(live);
  const first = await answered(initialState(live, size), live, daemon);
  const asking = press(first, { kind: 'choose' });
  const file = wantedSource(asking);
  if (file === null) throw new Error('no source is asked for');
  const answeredState = await answered(asking, live, daemon);
  return update(answeredState, { kind: 'source', file, source: { lines: SOURCE, note: null } });
};

for (const size of SIZES) {
  const name = `${size.columns}x${size.rows}`;
  test(`a line that is looked into, on a terminal of ${name}`, async (t) => {
    const inside = await lookedInto(size);
    golden(t, `tui-detail-${name}`, screenText(inside));
    // Where there is no room for more than the source, the rest is below.
    if (size.rows < 20)
      golden(t, `tui-detail-ages-${name}`, screenText(press(inside, ...downTo(/^under 1 s/, inside))));
  });
  test(`what has grown since a mark, on a terminal of ${name}`, async (t) => {
    golden(t, `tui-difference-${name}`, screenText(await grownSinceMark(size)));
  });
}

const downTo = (text: RegExp, state: State): readonly Action[] => {
  const by = rowsOf(state).findIndex((row) => text.test(textOf(row))) - state.cursors.detail.at;
  return [{ kind: 'move', by: by + 2 }];
};

/** Everything has doubled since, 2.5 s after the mark. */
const grownSinceMark = async (size: Size): Promise<State> => {
  const live = fakeSession(FAKES);
  const daemon = daemonOf(live);
  const first = await answered(initialState(live, size), live, daemon);
  const { mark, live: then } = await daemon.views.marks.set();
  const takenAt = new Date(Date.parse(first.newest.header?.takenAt ?? '') - 2500).toISOString();
  const marked = update(first, { kind: 'mark', mark: { number: mark, takenAt, live: then } });
  live.grow(2);
  const grown = await answered(press(marked, { kind: 'difference' }), live, daemon);
  const { header } = grown.newest;
  return header
    ? {
        ...grown,
        newest: { ...grown.newest, header: { ...header, takenAt: first.newest.header?.takenAt ?? '' } },
      }
    : grown;
};

const [NORMAL = { columns: 80, rows: 24 }] = SIZES;

/** 20 MiB of objects beside 5 MiB of heap, in a process and in a child of it. */
const PYTHON: FakeProcess = {
  sites: [
    { stack: ['python3!main'], bytes: 5 << 20 },
    { stack: ['python3!main', 'python3!load'], bytes: 20 << 20, blocks: 400_000, kind: 'python' },
  ],
  rssBytes: 40 << 20,
  timeline: Array.from({ length: 50 }, (_, at) => ({
    ms: at * 20,
    liveBytes: 5 << 20,
    rssBytes: 40 << 20,
    ...(at >= 10 && { pythonBytes: (at - 9) * (512 << 10) }),
  })),
};

test('the objects of a Python program are in the header and in the plot', async (t) => {
  golden(t, 'tui-python-80x24', screenText(await started(NORMAL, [PYTHON])));
  const { views } = daemonOf(fakeSession([PYTHON, { ...PYTHON, parent: 0 }]));
  t.is(views.header('main').totals.python?.liveBytes, 20 << 20);
  t.deepEqual(views.header('all').totals.python, {
    liveBytes: 40 << 20,
    liveBlocks: 800_000,
    totalBytes: 40 << 20,
    totalBlocks: 800_000,
    peakBytes: 40 << 20,
  });
});

test('the plot of a program that was over at once ends where the header says, not at nothing', async (t) => {
  const text = screenText(await started(NORMAL, [{ sites: SITES, rssBytes: 100 << 20, timeline: [] }]));
  t.regex(text, /100\.0 MiB +█\n +0 B +█\n/);
});

test('a worker that holds Python objects shows them among the processes, where others have none', async (t) => {
  const worker: FakeProcess = { ...PYTHON, info: { command: ['python3', 'worker.py'] }, parent: 0 };
  const text = screenText(show(await started(NORMAL, [...FAKES.slice(0, 1), worker, worker]), 'processes'));
  t.regex(text, /live.* Python /);
  t.regex(text, /5\.0 MiB +20\.0 MiB .*python3 worker\.py/);
  t.regex(text, /40\.0 MiB .*all 3 processes/);
  t.notRegex(screenText(show(await started(NORMAL), 'processes')), /Python/);
});

test('a program that the user excluded is not told as one that could not be traced', async (t) => {
  const shell: FakeProcess = {
    sites: [],
    info: { command: ['sh'], untraced: reasonOf(UNTRACED_EXCLUDED) },
    parent: 0,
  };
  t.regex(screenText(await started(NORMAL, [...FAKES, shell])), /1 of 4 processes {2}1 not traced/);
  t.notRegex(screenText(await started(NORMAL, [...FAKES.slice(0, 2), shell])), /not traced/);
});

test('every line of the help can be read on the smallest screen, a line and a page at a time', async (t) => {
  const [, , small = NORMAL] = SIZES;
  const rowsAt = (state: State): readonly string[] =>
    screenLines(state, LOOK)
      .map((line) => line.map(({ text }) => text).join(''))
      .slice(5, -1);
  const help = press(await started(small), { kind: 'help' });
  const wanted = helpLines(small.columns).map((line) => line.map(({ text }) => text).join(''));
  const seen = new Set(rowsAt(help));
  let state = help;
  for (let line = 0; line < wanted.length; line += 1) {
    state = press(state, { kind: 'move', by: 1 });
    for (const row of rowsAt(state)) seen.add(row);
  }
  t.deepEqual(
    wanted.filter((line) => !seen.has(line)),
    [],
  );
  const paged = Array.from({ length: wanted.length }, () => ({ kind: 'page', by: 1 }) as const);
  t.is(screenText(press(help, ...paged)), screenText(state));
  t.is(screenText(press(state, { kind: 'first' })), screenText(help));
  t.is(
    screenText(press(state, { kind: 'move', by: -1 }, { kind: 'move', by: 1 })),
    screenText(state),
    'nothing is beyond the last line',
  );
});

test('functions, sorted by blocks, smallest first: the column says so without colour', async (t) => {
  const state = press(show(await started(NORMAL), 'functions'), { kind: 'sort', by: 1 }, { kind: 'invert' });
  golden(t, 'tui-functions-smallest-80x24', screenText(state));
});

test('a filter that makes no sense is shown with its mistake in brackets', async (t) => {
  const state = press(await started(NORMAL), { kind: 'filter' }, { kind: 'type', text: 'cache siez>1m' });
  golden(t, 'tui-filter-80x24', screenText(state));
});

test('LANG=C gets no letters it cannot show', async (t) => {
  const plain = SITES.filter(({ stack }) => !/[^ -~]/.test(stack.join('')));
  const state = await started(NORMAL, [{ ...FAKES[0], sites: plain }]);
  const text = screenText(state, { ...LOOK, glyphs: 'ascii' });
  golden(t, 'tui-ascii-80x24', text);
  t.notRegex(text, /[^\n -~]/);
  for (const view of ['stacks', 'threads', 'sizes', 'processes'] as const)
    t.notRegex(screenText(show(state, view), { ...LOOK, glyphs: 'ascii' }), /[^\n -~]/, view);
  const inside = await answered(
    press(state, { kind: 'choose' }),
    fakeSession([{ ...FAKES[0], sites: plain }]),
  );
  t.notRegex(screenText(inside, { ...LOOK, glyphs: 'ascii' }), /[^\n -~]/);
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
      const inside = press(sized, { kind: 'choose' }, { kind: 'search' }, { kind: 'type', text: 'a' });
      const views = ['stacks', 'threads', 'sizes', 'processes'] as const;
      const overlays = [press(sized, { kind: 'help' }), press(sized, { kind: 'quit' }), inside];
      for (const state of [sized, ...views.map((view) => show(sized, view)), ...overlays]) {
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
