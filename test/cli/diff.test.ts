/** What `dump --diff` prints of two snapshots: golden texts, and the sums that the fixtures were made with. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type DiffArguments, runDiff } from '../../cli/commands/diff.js';
import { width } from '../../views/text.js';
import { newFolder } from '../folders.js';
import { capture, golden } from './golden.js';

const BEFORE = 'test/fixtures/snapshots/before.json';
const AFTER = 'test/fixtures/snapshots/after.json';
const DEFAULTS = {
  by: 'line',
  metric: 'live',
  kind: 'heap',
  limit: 20,
  json: false,
  exitCode: false,
} as const;

const diff = (files: readonly string[], given: Partial<DiffArguments> = {}) => {
  const { run, out, err } = capture();
  return { code: run((io) => runDiff({ ...DEFAULTS, files, ...given }, io)), out: out(), err: err() };
};

test('what grew is named first, what is new or gone is marked', (t) => {
  const { code, out, err } = diff([BEFORE, AFTER]);
  t.deepEqual([code, err], [0, '']);
  golden(t, 'diff-line', out);
  golden(t, 'diff-stack', diff([BEFORE, AFTER], { by: 'stack', limit: 2 }).out);
});

test('--exit-code fails on growth only', (t) => {
  t.is(diff([BEFORE, AFTER], { exitCode: true }).code, 1);
  t.is(diff([AFTER, BEFORE], { exitCode: true }).code, 0);
  t.is(diff([BEFORE, BEFORE], { exitCode: true }).code, 0);
  t.is(diff([BEFORE, AFTER], { exitCode: true, kind: 'mmap' }).code, 0);
});

test('standard input can be one of the two, not both', (t) => {
  const { code, out, err } = diff(['-', '-']);
  t.deepEqual([code, out], [2, '']);
  t.regex(err, /both snapshots would be standard input\n {2}why: .*once/);
});

test('the table fits a narrow terminal', (t) => {
  for (const columns of [40, 60, 80]) {
    const { io, out } = capture({ isTTY: true, columns, env: { NO_COLOR: '1' } });
    runDiff({ ...DEFAULTS, files: [BEFORE, AFTER] }, io);
    for (const line of out().split('\n')) t.true(width(line) <= columns, line);
  }
});

test('two equal snapshots say so', (t) => {
  t.regex(diff([BEFORE, BEFORE]).out, /no change/);
});

test('JSON has the promised fields', (t) => {
  const { schema, by, metric, totals, rows } = JSON.parse(diff([BEFORE, AFTER], { json: true }).out);
  t.deepEqual([schema, by, metric], ['memtrace.diff/1', 'line', 'live']);
  t.deepEqual(totals, { before: 552952, after: 857088, delta: 304136 });
  t.like(rows[0], {
    function: 'Cache::insert(std::string const&)',
    file: '/proj/demo/src/server.cpp',
    line: 17,
    bytes: { before: 500000, after: 800000, delta: 300000 },
    blocks: { before: 500, after: 800, delta: 300 },
  });
});

test('one file, or three, is wrong usage; a missing one is not', (t) => {
  t.is(diff([BEFORE]).code, 2);
  t.is(diff([BEFORE, AFTER, AFTER]).code, 2);
  t.is(diff([BEFORE, 'none.json']).code, 1);
});

test('a warning goes to stderr and leaves the data alone', (t) => {
  const folder = newFolder();
  const other = join(folder, 'other.json');
  writeFileSync(other, readFileSync(AFTER, 'utf8').replace('"/proj/demo/server"', '"/proj/demo/client"'));
  const { code, out, err } = diff([BEFORE, other], { json: true });
  t.is(code, 0);
  t.notThrows(() => JSON.parse(out));
  t.regex(err, /warning: the two snapshots are of different programs: server and client/);
  writeFileSync(
    other,
    readFileSync(AFTER, 'utf8').replace('"/proj/demo/server"', String.raw`"/proj/demo/\u001b[35mvil"`),
  );
  t.regex(diff([BEFORE, other]).err, /server and \\x1b\[35mvil;/);
});
