/** `report --filter` and `dump --diff --filter`: the same language as in the live view. */
import test from 'ava';
import { runDiff } from '../../cli/commands/diff.js';
import { reportCommand } from '../../cli/commands/report.js';
import { diffSnapshots } from '../../views/diff.js';
import { type Filter, parseFilter } from '../../views/filter.js';
import { reportOf } from '../../views/report.js';
import { capture } from '../cli/golden.js';
import { snapshotOf } from './build.js';

const FILE = 'test/fixtures/snapshots/before.json';
const OPTIONS = { by: 'line', kind: 'heap', limit: 20, json: false } as const;

const filter = (text: string): Filter => {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(parsed.fault.message);
  return parsed.filter;
};

test('a report has the rows that match, says so, and its shares stay those of the whole', (t) => {
  const { io, out } = capture();
  t.is(reportCommand({ ...OPTIONS, file: FILE, sort: 'live', filter: 'cache::insert' }, io), 0);
  t.regex(out(), /by line, matching cache::insert/);
  t.regex(out(), /Cache::insert/);
  t.notRegex(out(), /parse\(Node/);
  t.notRegex(out(), /100\.0 %/);
});

test('a mistake in a filter is pointed at, with exit code 2 and nothing on stdout', (t) => {
  const { run, out, err } = capture();
  const code = run((io) => reportCommand({ ...OPTIONS, file: FILE, sort: 'live', filter: 'a size>x' }, io));
  t.is(code, 2);
  t.is(out(), '');
  t.regex(err(), /^ {7}a size>x\n {7} {7}\^\n/m);
});

test('the sum of a filtered report is that of its rows', (t) => {
  const snapshot = snapshotOf([
    { stack: ['/app!a@a.c:1'], bytes: 10 },
    { stack: ['/app!b@b.c:1'], bytes: 3 },
  ]);
  const report = reportOf(snapshot, { by: 'line', sort: 'live', kind: 'heap', filter: filter('!b.c') });
  t.is(report.sum.liveBytes, 10);
  t.is(report.rows.length, 1);
});

test('a difference can be asked for what has grown by more than a size', (t) => {
  const of = (a: number, b: number) =>
    snapshotOf([
      { stack: ['/app!a@a.c:1'], bytes: a },
      { stack: ['/app!b@b.c:1'], bytes: b },
    ]);
  const options = { by: 'line', metric: 'live', kind: 'heap' } as const;
  const diff = diffSnapshots(of(10, 5000), of(20, 90_000), { ...options, filter: filter('growth>1k') });
  t.deepEqual(
    diff.rows.map((row) => row.function),
    ['b'],
  );
  t.is(diff.totals.delta, 85_000);
});

test('dump --diff takes the filter too', (t) => {
  const { io, out } = capture();
  const files = [FILE, 'test/fixtures/snapshots/after.json'];
  t.is(runDiff({ ...OPTIONS, files, metric: 'live', exitCode: false, filter: 'module:libz' }, io), 0);
  t.regex(out(), /libz/);
  t.notRegex(out(), /server\.cpp/);
});
