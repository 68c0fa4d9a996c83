/** The live view's processes: who stands below whom, and in which order. */
import test from 'ava';
import { rowsOf } from '../../tui/rows.js';
import { initialState, type State } from '../../tui/state.js';
import { fakeSession } from '../server/fakeSession.js';
import { answered, FAKES, press, screenText, show, started, type } from './build.js';

const SIZE = { columns: 80, rows: 24 };

test('a make of 200,000 processes is shown, who has the most first', async (t) => {
  const state = await answered(show(initialState(fakeSession(FAKES), SIZE), 'processes'), fakeSession(FAKES));
  const table = state.newest.tables.processes;
  if (table?.view !== 'processes') return t.fail();
  const [make] = table.rows;
  if (!make) return t.fail();
  const children = Array.from({ length: 200_000 }, (_, at) => ({
    ...make,
    index: at + 1,
    parent: make.index,
    liveBytes: at,
  }));
  const tables = { processes: { ...table, rows: [make, ...children] } };
  const rows = rowsOf({ ...state, newest: { ...state.newest, tables } });
  t.is(rows.length, 200_002);
  const [, , most] = rows;
  t.is(most?.kind === 'process' ? most.row.liveBytes : null, 199_999);
});

test('a program that became another one 50,000 times is shown, with its name however deep', async (t) => {
  const state = await answered(show(initialState(fakeSession(FAKES), SIZE), 'processes'), fakeSession(FAKES));
  const table = state.newest.tables.processes;
  if (table?.view !== 'processes' || !table.rows[0]) return t.fail();
  const [first] = table.rows;
  const chain = Array.from({ length: 50_000 }, (_, at) => ({
    ...first,
    index: at,
    parent: at > 0 ? at - 1 : null,
    command: [`round${at}`],
  }));
  const tables = { processes: { ...table, rows: chain } };
  const deep = { ...state, newest: { ...state.newest, tables } };
  t.is(rowsOf(deep).length, 50_001);
  t.regex(screenText(press(deep, { kind: 'last' })), /round49999/);
});

test('of many processes the largest is first among its siblings, also where it is a grandchild', async (t) => {
  const of = (bytes: number, parent: number | null, blocks = 1) => ({
    sites: [{ stack: ['/home/me/app!f@/home/me/src/f.c:1'], bytes, blocks }],
    parent,
  });
  // main; a small shell with the largest below it; two more, of which one made most allocations
  const state = type(await started(SIZE, [of(9, null), of(1, 0), of(500, 1), of(30, 0), of(20, 0, 7)]), '8');
  const pids = (now: State) => rowsOf(now).flatMap((row) => (row.kind === 'process' ? [row.row.pid] : []));
  t.deepEqual(pids(state), [4711, 4712, 4713, 4714, 4715]);
  t.deepEqual(pids(type(state, 'c')), [4711, 4715, 4712, 4713, 4714]);
  t.deepEqual(pids(type(state, 'S-i')), [4711, 4715, 4714, 4712, 4713]);
  t.regex(screenText(type(state, 'c')), /allocations▼/);
});
