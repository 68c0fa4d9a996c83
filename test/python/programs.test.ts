/**
 * Real Python programs: what they print and how they end is what it was, and each allocation of their heap is counted
 * once more in the same run by a preload that has nothing in common with memtrace.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { groupSites } from '../../views/group.js';
import { recordingOf } from '../../views/profile.js';
import { run, snapshotOf, type Traced, trace } from '../e2e/harness.js';
import { asTallies, type Tally, tallying } from '../e2e/tally.js';
import { newFolder } from '../folders.js';
import { type Need, patience, SLOW, where } from '../where.js';
import { havingFile, type Interpreter, interpreters, modulesOf, scriptPath } from './support.js';

const found = interpreters();

/** Without what differs from run to run: times. */
const comparable = (text: string): string => text.replace(/\d+\.\d+s\b/g, '');

/** A child that is forked to execute something has an image of its own, which the other preload never sees. */
const didAnything = ({ allocations, frees }: Tally): boolean => allocations + frees > 0;

const sameAndCounted = async (t: ExecutionContext, command: readonly string[]): Promise<Traced> => {
  const cwd = newFolder();
  const bare = await run(command, { cwd });
  const { env, read } = tallying();
  const traced = await trace(command, ['-q'], { cwd, env });
  t.is(traced.code, bare.code);
  t.is(comparable(traced.stdout), comparable(bare.stdout));
  t.is(comparable(traced.stderr), comparable(bare.stderr));
  t.deepEqual(asTallies(Object.values(traced.snapshots)).filter(didAnything), read().filter(didAnything));
  for (const { capture } of Object.values(traced.snapshots)) t.is(capture.lost + capture.unknownFrees, 0);
  return traced;
};

/** Every version is tried by the slow tests, the first and the last one always. */
const always = found.length > 1 ? [found[0], found[found.length - 1]] : found;
const tried = SLOW ? found : always;

for (const { version, path } of tried) {
  test.serial(
    `a script full of ast, json and dicts runs under Python ${version} as without memtrace`,
    async (t) => {
      const snapshot = snapshotOf(await sameAndCounted(t, [path, scriptPath('heavy.py')]));
      const lines = groupSites(recordingOf(snapshot), 'line', 'payload').filter(
        ({ file }) => file === scriptPath('heavy.py'),
      );
      t.true(lines.some(({ totalBytes }) => totalBytes > 1_000_000));
    },
  );

  test.serial(`interpreters beside the main one run on under Python ${version}, with lines`, async (t) => {
    const snapshot = snapshotOf(await sameAndCounted(t, [path, scriptPath('subinterpreters.py')]));
    const lines = groupSites(recordingOf(snapshot), 'line', 'python').filter(
      ({ file }) => file === '<string>' || file === '<script>',
    );
    t.true(lines.some(({ totalBlocks }) => totalBlocks > 3000 * 12));
  });
}

/** Those of the standard library, which not every package of Python has. */
const ownTest = (each: Interpreter, name: string): Need => havingFile(join(modulesOf(each), 'test', name));

for (const each of found) {
  where(patience, ownTest(each, 'test_json')).serial(
    `the standard library's test of json passes under Python ${each.version}`,
    async (t) => {
      const { code, stderr } = await sameAndCounted(t, [each.path, '-m', 'test.test_json']);
      t.is(code, 0);
      t.regex(stderr, /^Ran \d{3} tests/m);
    },
  );

  where(patience, ownTest(each, 'test_decimal.py')).serial(
    `the standard library's test of decimal passes under Python ${each.version}`,
    async (t) => {
      const { code, stdout, stderr } = await sameAndCounted(t, [each.path, '-m', 'test.test_decimal']);
      t.is(code, 0);
      t.regex(stdout + stderr, /^Ran \d{3} tests|\d{3} tests with zero failures/m); // before 3.11
    },
  );
}

const pipOf = (each: Interpreter): string => join(modulesOf(each), 'site-packages/pip');
const withPip = found.find((each) => existsSync(pipOf(each)));

where({ what: 'a Python with pip', isThere: withPip !== undefined }).serial(
  'pip runs as without memtrace',
  async (t) => {
    const { stdout } = await sameAndCounted(t, [withPip?.path ?? '', '-m', 'pip', '--version']);
    t.regex(stdout, /^pip \d/);
  },
);
