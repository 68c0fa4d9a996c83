/** The report at the end of a run: golden texts, at every width, for every way that a program ends. */
import test from 'ava';
import { type EndOfRun, endLines } from '../../cli/print/end.js';
import type { Io } from '../../cli/print/io.js';
import type { ProcessLine } from '../../cli/print/processes.js';
import { shortPath, surfaceOf } from '../../cli/print/surface.js';
import { readSnapshot } from '../../views/read.js';
import { clean, cutEnd, cutStart, width, wrap } from '../../views/text.js';
import { snapshotOf } from '../views/build.js';
import { capture, golden } from './golden.js';

const OTHERS: readonly ProcessLine[] = [
  {
    kind: 'traced',
    process: { pid: 4250, command: ['/bin/sh', '-c', 'echo hi'], exitCode: 0, signal: null },
    allocations: 120,
    peakBytes: 120_000,
    liveBytes: 12,
    savedAs: '/proj/demo/t.4250.json',
  },
  {
    kind: 'traced',
    process: { pid: 4260, command: ['python3', 'worker.py'], exitCode: 0, signal: null },
    allocations: 1234,
    peakBytes: 3_000_000,
    liveBytes: 2_000_000,
    python: { peakBytes: 17_000_000, liveBytes: 16_000_000 },
    savedAs: '/proj/demo/t.4260.json',
  },
  {
    kind: 'untraced',
    process: { pid: 14251, command: ['/usr/bin/sudo', 'id'] },
    reason: 'it is setuid, and the loader ignores preloads for it; run memtrace as the user it becomes',
  },
  { kind: 'rest', count: 3, notTraced: 1, allocations: 77, liveBytes: 9000, pythonLiveBytes: 80_000 },
];

const END: EndOfRun = {
  snapshot: readSnapshot('test/fixtures/snapshots/after.json'),
  durationMs: 1234,
  by: 'line',
  limit: 10,
  savedAs: '/proj/demo/memtrace.server.4243.json',
  isKept: true,
  problems: ['the symbolizer crashed once and was restarted; some names may be missing'],
  others: OTHERS,
};

const print = (end: EndOfRun, terminal: Partial<Io> = {}): string =>
  `${endLines(end, surfaceOf(capture(terminal).io)).join('\n')}\n`;

const PLAIN_TERMINAL = { isTTY: true, env: { HOME: '/home/me', NO_COLOR: '1', LANG: 'C.UTF-8' } } as const;

test('the report at the end of a run', (t) => {
  golden(t, 'end', print(END));
  golden(t, 'end-80', print(END, PLAIN_TERMINAL));
});

test('the report fits a narrow terminal', (t) => {
  for (const columns of [40, 72, 100])
    for (const line of print(END, { ...PLAIN_TERMINAL, columns }).split('\n'))
      if (!line.startsWith('  memtrace ') && !line.startsWith('Saved as'))
        t.true(width(line) <= columns, line);
});

test('a program that allocated nothing gets a report all the same', (t) => {
  const nothing = { ...END, snapshot: snapshotOf([]), others: [], problems: [], savedAs: null };
  const text = print({ ...nothing, isKept: false });
  t.regex(text, /Live at exit, by line: 0 B in 0 blocks\n {2}nothing that your code allocated/);
  t.regex(text, /No snapshot was kept \(--no-output\)/);
  t.regex(print(nothing), /No snapshot could be kept: see above/);
});

test('a short report says that there is more', (t) => {
  const text = print({ ...END, limit: 2 });
  t.regex(text, /Live at exit, top 2 by line: .*/);
  t.regex(text, /\n {2}and 2 more rows\n/);
});

test('a killed program and one that still runs are called so', (t) => {
  const { snapshot } = END;
  const ended = (change: Partial<typeof snapshot.process>) =>
    print({ ...END, snapshot: { ...snapshot, process: { ...snapshot.process, ...change } } });
  t.regex(ended({ exitCode: null, signal: 'SIGKILL' }), /was killed by SIGKILL after 1\.23 s/);
  t.regex(ended({ exitCode: null }), /was still running/);
});

test('the commands to type next work for a path with blanks', (t) => {
  t.regex(
    print({ ...END, savedAs: '/home/me/my runs/a.json' }),
    / {2}memtrace report '\/home\/me\/my runs\/a\.json' /,
  );
  t.regex(print({ ...END, savedAs: '/home/me/a.json' }), / {2}memtrace report ~\/a\.json /);
});

test('a terminal without UTF-8 gets ASCII', (t) => {
  const text = print(END, { ...PLAIN_TERMINAL, columns: 60, env: { NO_COLOR: '1', LANG: 'C' } });
  t.false(text.includes('…'));
});

test('paths are short where that is clear', (t) => {
  const path = shortPath('/home/me/app/build', '/home/me');
  t.deepEqual(
    ['/home/me/app/build/a.c', '/home/me/app/src/a.c', '/home/me/other/a.c', '/usr/a.c', 'src/a.c'].map(path),
    ['a.c', '../src/a.c', '../../other/a.c', '/usr/a.c', 'src/a.c'],
  );
  t.is(shortPath('/', '/root')('/usr/a.c'), '/usr/a.c');
});

test('wide characters count double and control characters show', (t) => {
  t.is(width('a中é'), 4);
  t.is(width('👍✅e\u0301\u0915\u093e🇩🇪'), 9); // spacing marks have a place of their own
  t.is(cutEnd('中中中', 5, '…'), '中中…');
  t.is(cutStart('/a/b/main.c:12', 10, '…'), '…main.c:12');
  t.is(clean('a\tb\u0007\u202ec'), 'a b\\x07\\u202ec');
  t.deepEqual(wrap('one two three', 8), ['one two', '  three']);
});
