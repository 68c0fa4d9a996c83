/** What `report` prints of a snapshot: golden texts, and the figures that the fixture was made with. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type ReportArguments, reportCommand } from '../../cli/commands/report.js';
import type { Io } from '../../cli/print/io.js';
import { ownAccountLines } from '../../cli/print/rows.js';
import { surfaceOf } from '../../cli/print/surface.js';
import { tableLines } from '../../cli/print/table.js';
import type { Frame, ReportRow, Snapshot } from '../../proto/snapshot.js';
import { groupSites } from '../../views/group.js';
import { width } from '../../views/text.js';
import { newFolder } from '../folders.js';
import { snapshotOf } from '../views/build.js';
import { capture, golden } from './golden.js';

const FILE = 'test/fixtures/snapshots/before.json';
const DEFAULTS = { file: FILE, by: 'line', sort: 'live', kind: 'heap', limit: 20, json: false } as const;
const TERMINAL = { isTTY: true, env: { HOME: '/home/me', LANG: 'C.UTF-8', TERM: 'xterm' } } as const;
const PLAIN_TERMINAL = { isTTY: true, env: { ...TERMINAL.env, NO_COLOR: '1' } } as const;

const report = (given: Partial<ReportArguments> = {}, terminal: Partial<Io> = {}) => {
  const { run, out, err } = capture(terminal);
  return { code: run((io) => reportCommand({ ...DEFAULTS, ...given }, io)), out: out(), err: err() };
};

test('a piped report is plain and whole', (t) => {
  const { code, out, err } = report();
  t.is(code, 0);
  t.is(err, '');
  golden(t, 'report-line', out);
});

test('every grouping prints', (t) => {
  for (const by of ['function', 'file', 'module', 'stack'] as const)
    golden(t, `report-${by}`, report({ by }, PLAIN_TERMINAL).out);
});

test('what frozen modules of Python allocate by themselves stands under the names that tracebacks give them', (t) => {
  const [load, find] = ['exec_module@<frozen importlib._bootstrap_external>:940', '_find@<frozen abc>:106'];
  const { frames, ...rest } = snapshotOf([
    { stack: [`!${load}`], bytes: 300 },
    { stack: [`!${load}`, `!${find}`], bytes: 200 },
    { stack: [`!${load}`, 'python3!PyType_GenericAlloc'], bytes: 100 },
  ]);
  const python = frames.map((frame): Frame => ({ ...frame, language: frame.file ? 'python' : 'native' }));
  const rows = groupSites({ ...rest, frames: python }, 'line');
  const lines = ownAccountLines(rows, 'live', surfaceOf(capture(PLAIN_TERMINAL).io));
  t.deepEqual(
    lines.slice(1).map((line) => line.trim().replace(/ {2,}/g, '  ')),
    [
      '300 B  1  <frozen importlib._bootstrap_external>  exec_module',
      '200 B  1  <frozen abc>  _find',
      '100 B  1  python3  PyType_GenericAlloc',
    ],
  );
});

test('one language at a time, also within a filter', (t) => {
  const folder = newFolder();
  const snapshot: Snapshot = JSON.parse(readFileSync(FILE, 'utf8'));
  const mixed = snapshot.frames.map((frame) =>
    frame.function?.startsWith('parse') ? { ...frame, language: 'python' } : frame,
  );
  const file = join(folder, 'mixed.json');
  writeFileSync(file, JSON.stringify({ ...snapshot, frames: mixed }));
  const functions = (given: Partial<ReportArguments>): (string | null)[] =>
    JSON.parse(report({ ...given, file, json: true }).out).rows.map((row: ReportRow) => row.function);
  const [all, python, native] = (['all', 'python', 'native'] as const).map((language) =>
    functions({ language }),
  );
  t.true(python?.length === 1 && python[0]?.startsWith('parse') === true);
  t.is((python?.length ?? 0) + (native?.length ?? 0), all?.length);
  t.deepEqual(functions({ language: 'python', filter: 'no-such-name' }), []);
});

test('mappings are shown when asked for', (t) => {
  golden(t, 'report-mmap', report({ kind: 'mmap' }).out);
});

test('the largest live blocks are printed with the source of each frame', (t) => {
  const { code, out } = report({ block: true });
  t.is(code, 0);
  golden(t, 'report-block', out);
  const { blocks, omittedBlocks } = JSON.parse(
    report({ block: true, json: true, limit: 1, filter: 'server.cpp' }).out,
  );
  t.deepEqual([blocks[0].bytes, blocks[0].frames[1].source, omittedBlocks], [32768, 'start_workers();', 2]);
});

test('a snapshot without single blocks says what to do instead', (t) => {
  const { code, out, err } = report({ block: true, file: 'test/fixtures/snapshots/after.json' });
  t.deepEqual([code, out], [1, '']);
  t.regex(err, /has no single blocks\n {2}why: .*\n {2}try: .*--by stack/);
});

test('lost, unknown and truncated are shown also when there are none', (t) => {
  t.regex(report().out, /0 events lost, 0 unknown frees, 0 truncated stacks/);
});

test('a resident memory that nobody saw at the end is not shown as none', (t) => {
  const folder = newFolder();
  const snapshot: Snapshot = JSON.parse(readFileSync(FILE, 'utf8'));
  const file = join(folder, 'unseen.json');
  writeFileSync(file, JSON.stringify({ ...snapshot, totals: { ...snapshot.totals, rssBytes: 0 } }));
  t.regex(report({ file }).out, /^ {2}RSS +at most 13\.0 MiB$/m);
});

test('nothing is wider than the terminal', (t) => {
  for (const columns of [40, 60, 80, 100, 130])
    for (const by of ['line', 'function', 'file', 'module', 'stack'] as const)
      for (const line of report({ by, sort: 'total' }, { ...PLAIN_TERMINAL, columns }).out.split('\n'))
        t.true(width(line) <= columns, `${columns}: ${line}`);
});

test('colour is for terminals that want it', (t) => {
  const coloured = (given: Partial<ReportArguments>, terminal: Partial<Io>) =>
    report(given, terminal).out.includes('\u001b[');
  t.true(coloured({}, TERMINAL));
  t.false(coloured({}, PLAIN_TERMINAL));
  t.false(coloured({}, { ...TERMINAL, env: { TERM: 'dumb' } }));
  t.false(coloured({}, { isTTY: false }));
  t.true(coloured({ color: 'always' }, { isTTY: false }));
  t.false(coloured({ color: 'never' }, TERMINAL));
});

test('an escape sequence in a source line does not reach the terminal', (t) => {
  t.true(readFileSync('test/fixtures/snapshots/after.json', 'utf8').includes('\\u001b[31mred'));
  const { out } = report({ file: 'test/fixtures/snapshots/after.json' });
  t.true(out.includes('\\x1b[31mred'));
  t.false(out.includes('\u001b'));
});

test('JSON carries exact numbers and honours sort and limit', (t) => {
  const { out } = report({ json: true, sort: 'temporary', limit: 1 });
  const { schema, rows, sum } = JSON.parse(out);
  t.is(schema, 'memtrace.report/1');
  t.deepEqual(
    [rows.length, rows[0].file, rows[0].line, rows[0].temporaryBlocks],
    [1, '/proj/demo/src/server.cpp', 28, 4500],
  );
  t.is(sum.liveBytes, 552952);
});

test('a file that is no snapshot: exit 1, three lines on stderr, nothing on stdout', (t) => {
  const { code, out, err } = report({ file: 'package.json' });
  t.deepEqual([code, out], [1, '']);
  t.regex(err, /^memtrace: cannot read the snapshot package\.json\n {2}why: .*\n {2}try: .*\n$/);
});

test('a senseless limit is wrong usage', (t) => {
  t.is(report({ limit: -1 }).code, 2);
  t.is(report({ limit: Number.NaN }).code, 2);
  t.is(report({ limit: 0 }).code, 0);
});

test('a program of 200,000 places is reported with all of them', (t) => {
  const rows = Array.from({ length: 200_000 }, (_, at) => ({
    numbers: [String(at)],
    place: `f.c:${at}`,
    name: `f${at}`,
  }));
  const lines = tableLines(
    { numbers: ['live'], place: 'place', name: 'function' },
    rows,
    surfaceOf(capture(PLAIN_TERMINAL).io),
  );
  t.is(lines.length, 200_001);
  t.regex(lines.at(-1) ?? '', /^ {2}199999 {2}f\.c:199999 {2}f199999$/);
});
