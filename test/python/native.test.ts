/** What C code allocates on behalf of Python lines, and how both kinds of frames lie in each other. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Frame } from '../../proto/snapshot.js';
import { groupSites } from '../../views/group.js';
import { framesOf, type Recording } from '../../views/profile.js';
import { readSnapshot } from '../../views/read.js';
import { run } from '../launcher/support.js';
import { MEMTRACE } from '../places.js';
import { siteRows } from '../views/build.js';
import { inFolder, interpreters, scriptPath, traceUntilEnd } from './support.js';

const found = interpreters();
const script = scriptPath('native.py');
const lineOf = (text: string): number =>
  readFileSync(script, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(text)) + 1;

const snapshotOf = (command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Recording> => {
  return inFolder(async (folder) => {
    const file = join(folder, 'a.json');
    const { code, stderr } = await run(MEMTRACE, ['run', '-o', file, '--', ...command], {
      env: { ...process.env, ...env },
    });
    if (code !== 0) throw new Error(stderr);
    return readSnapshot(file);
  });
};

const name = ({ language, function: called }: Frame): string =>
  language === 'python' ? `py ${called}` : (called ?? '?');

for (const { version, path } of found) {
  test.serial(`memory of zlib and sqlite is named by its line of Python ${version}`, async (t) => {
    const snapshot = await snapshotOf([path, script]);
    const rows = groupSites(snapshot, 'line', 'heap').filter(({ file }) => file === script);
    const peakOf = (text: string) => rows.find(({ line }) => line === lineOf(text))?.totalBytes ?? 0;
    t.true(peakOf('zlib.compressobj') > 200_000);
    t.true(peakOf('executemany') > 200_000);
    t.is(snapshot.capture.lost, 0);
    t.is(snapshot.capture.unknownFrees, 0);
  });

  test.serial(
    `Python ${version}: a key function stands inside of sorted, a callback inside of its C caller`,
    async (t) => {
      const snapshot = await snapshotOf([path, script]);
      const stacks = siteRows(snapshot.sites)
        .filter(({ totalBytes, kind }) => kind === 'heap' && totalBytes > 90_000)
        .map(({ stack }) => framesOf(snapshot, stack).toReversed().map(name));
      const stackOf = (inner: string) => stacks.find((frames) => frames.includes(inner)) ?? [];
      const callback = stackOf('py callback');
      const between = callback.slice(callback.indexOf('py <module>'), callback.indexOf('py callback'));
      t.true(
        between.some((frame) => /qsort/.test(frame)),
        callback.join(' > '),
      );
      t.is(callback.filter((frame) => frame === 'py <module>').length, 1);
      const key = stackOf('py key');
      t.true(key.indexOf('py key') > key.indexOf('py <module>') + 1, key.join(' > '));
      t.false(key.some((frame) => /EvalFrameDefault/.test(frame)));
    },
  );

  test.serial(`Python ${version}: the bytes of a line are those that tracemalloc counts`, async (t) => {
    const totals = scriptPath('totals.py');
    const expected = execFileSync(path, [totals, 'tracemalloc'], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
    const { blocks } = await traceUntilEnd([path, totals]);
    let bytes = 0;
    for (const { frames, size } of blocks.values())
      if (frames[0]?.file === totals && frames.length > 1) bytes += size;
    t.true(Math.abs(bytes - expected) < expected / 100, `${bytes} instead of ${expected}`);
  });

  test.serial(`Python ${version}: what tracemalloc traces, too, is not counted twice`, async (t) => {
    const large = 'keep = [bytearray(100_000) for _ in range(100)]';
    const snapshot = await snapshotOf([path, '-X', 'tracemalloc', '-c', large]);
    const rows = groupSites(snapshot, 'line', 'payload').filter(({ file }) => file === '<string>');
    const bytes = rows.reduce((sum, row) => sum + row.totalBytes, 0);
    t.true(bytes >= 10_000_000 && bytes < 11_000_000, String(bytes));
  });
}

const SETTINGS: readonly (readonly [name: string, args: readonly string[], env: NodeJS.ProcessEnv])[] = [
  ['PYTHONMALLOC=malloc', [], { PYTHONMALLOC: 'malloc' }],
  ['PYTHONMALLOC=pymalloc_debug', [], { PYTHONMALLOC: 'pymalloc_debug' }],
  ['-X dev', ['-X', 'dev'], {}],
  ['-X tracemalloc', ['-X', 'tracemalloc=5'], {}],
];

const last = found[0];
for (const [setting, args, env] of last ? SETTINGS : [])
  test.serial(`a program under ${setting} runs on as it did, and its lines are named`, async (t) => {
    const snapshot = await snapshotOf([last.path, ...args, scriptPath('totals.py'), 'tracemalloc'], env);
    const rows = groupSites(snapshot, 'line', 'payload').filter(
      ({ file }) => file === scriptPath('totals.py'),
    );
    const bytes = rows.reduce((sum, row) => sum + row.totalBytes, 0);
    t.true(bytes > 20_000_000, String(bytes));
    t.is(snapshot.capture.unknownFrees, 0);
  });
