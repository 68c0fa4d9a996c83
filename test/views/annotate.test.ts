/** Figures of source lines: those of the report by line, and inclusive ones counted from the stacks anew. */
import test from 'ava';
import { annotate, filesMeant, isFunctionMeant } from '../../views/annotate.js';
import { groupSites } from '../../views/group.js';
import { emptySum, kindMatches } from '../../views/sites.js';
import { randomRecording, siteRows } from './build.js';

const NO_TEXT = { text: new Map<number, string>(), notes: [] };
const WHOLE = { function: null, kind: 'payload', context: Number.POSITIVE_INFINITY } as const;

test('the lines of a file have what the report by line says of them', (t) => {
  for (let seed = 0; seed < 50; seed += 1) {
    const snapshot = randomRecording(seed);
    for (const file of ['src/0.c', 'src/1.c', 'src/2.c']) {
      const lines = annotate(snapshot, NO_TEXT, { ...WHOLE, file, count: 'self' })?.lines ?? [];
      const expected = new Map<number, number>();
      for (const row of groupSites(snapshot, 'line', 'payload'))
        if (row.file === file && row.line !== null)
          expected.set(row.line, (expected.get(row.line) ?? 0) + row.totalBytes);
      t.deepEqual(
        lines.map(({ line, counters }) => [line, counters?.totalBytes]),
        [...expected].sort(([a], [b]) => a - b),
      );
    }
  }
});

test('inclusive, a line has each stack through it once, also where it calls itself', (t) => {
  for (let seed = 0; seed < 50; seed += 1) {
    const snapshot = randomRecording(seed);
    const goesThrough = (stack: number, line: number): boolean => {
      for (let at = stack; at >= 0; at = snapshot.stacks.parent[at]) {
        const frame = snapshot.frames[snapshot.stacks.frame[at]];
        if (frame.file === 'src/0.c' && frame.line === line) return true;
      }
      return false;
    };
    const options = { ...WHOLE, file: 'src/0.c', count: 'inclusive' } as const;
    for (const { line, counters } of annotate(snapshot, NO_TEXT, options)?.lines ?? []) {
      const sites = siteRows(snapshot.sites).filter((site) => kindMatches(site.kind, 'payload'));
      const through = sites.filter((site) => goesThrough(site.stack, line));
      t.is(
        (counters ?? emptySum()).totalBytes,
        through.reduce((sum, site) => sum + site.totalBytes, 0),
      );
    }
  }
});

test('a function is meant by its last name, its qualified name or all of it', (t) => {
  for (const [name, typed] of [
    ['insert', 'insert'],
    ['Cache::insert(std::string const&)', 'insert'],
    ['Cache::insert(std::string const&)', 'Cache::insert'],
    ['(anonymous namespace)::helper(int)', 'helper'],
    ['void fill<int>(int*)', 'fill'],
    ['Class.method', 'method'],
    ['outer.<locals>.inner', 'inner'],
    ['<module>', '<module>'],
  ])
    t.true(isFunctionMeant(name, typed), `${name} by ${typed}`);
  for (const [name, typed] of [
    ['insert_all', 'insert'],
    ['reinsert(int)', 'insert'],
    ['outer.<locals>.inner', 'outer'],
    ['run(insert)', 'insert'],
  ])
    t.false(isFunctionMeant(name, typed), `${name} by ${typed}`);
});

test('a file is found by a path that goes up from where the user is', (t) => {
  const files = ['/src/app.py', '/src/sub/app.py', '/lib/py.c'];
  t.deepEqual(filesMeant(files, '../app.py', '/src/sub'), ['/src/app.py']);
  t.deepEqual(filesMeant(files, './app.py', '/src/sub'), ['/src/sub/app.py']);
  t.deepEqual(filesMeant(files, '../../lib/./py.c', '/src/sub'), ['/lib/py.c']);
});
