/** The snapshot as a file: valid, private, whole or not there at all. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { dumpName } from '../../cli/commands/dumpName.js';
import { newFolder } from '../folders.js';
import { MEMTRACE, program } from '../places.js';
import { faultBy } from '../schemas.js';
import { snapshotOf } from '../views/build.js';
import { run, trace } from './harness.js';

test('the snapshots of a whole tree are what the schema says, and their owner’s alone', async (t) => {
  const script = `(x=$(${program('storm')} 2 0.01 2>&1)); exec ${program('cpptree')} 1`;
  const ran = await trace(['bash', '--norc', '-c', script]);
  t.is(ran.code, 0);
  t.true(Object.keys(ran.snapshots).length >= 3);
  for (const [name, snapshot] of Object.entries(ran.snapshots)) {
    t.is(faultBy('snapshot', snapshot), null, name);
    t.is(statSync(join(ran.folder, name)).mode & 0o777, 0o600);
  }
});

test('a snapshot whose name ends in .gz is compressed, by run and by dump', async (t) => {
  const folder = newFolder();
  const [first, second] = ['run.json.gz', 'dump.json.gz'].map((name) => join(folder, name));
  const script = `${program('leaky')} 10; ${MEMTRACE} dump $$ -o ${second}`;
  const command = ['run', '-q', '-o', first, '--', 'bash', '--norc', '-c', script];
  const { code, stderr } = await run([MEMTRACE, ...command]);
  t.is(code, 0, stderr);
  for (const file of [first, second]) {
    t.is(faultBy('snapshot', JSON.parse(gunzipSync(readFileSync(file)).toString())), null, file);
    t.is((await run([MEMTRACE, 'report', file])).code, 0);
  }
});

test('what went on by exec is two images of one pid: the last one has the name, the one before a number', async (t) => {
  const ran = await trace(['bash', '--norc', '-c', `exec ${program('leaky')} 10`]);
  const { pid, executable } = ran.snapshot?.process ?? {};
  t.is(executable, program('leaky'));
  t.deepEqual(Object.keys(ran.snapshots).sort(), ['t.json', `t.${pid}.1.json`].sort());
  t.is(ran.snapshots[`t.${pid}.1.json`]?.process.state, 'replaced');
});

test('a program, or a snapshot, whose name is as long as a file’s can be is saved', async (t) => {
  const folder = newFolder();
  const long = 'n'.repeat(255 - '.json'.length);
  copyFileSync(program('leaky'), join(folder, long));
  const saved = async (...options: readonly string[]): Promise<readonly string[]> => {
    const ran = await run([MEMTRACE, 'run', '-q', ...options, '--', `./${long}`, '10'], { cwd: folder });
    t.notRegex(ran.stderr, /memtrace/);
    return readdirSync(folder)
      .filter((name) => name !== long)
      .sort();
  };
  const [own] = await saved();
  t.regex(own ?? '', /^memtrace\.n{200}\.\d+\.json$/);
  t.deepEqual(await saved('-o', `${long}.json`), [own, `${long}.json`]);
  const { process } = snapshotOf([]);
  t.true(dumpName({ process: { ...process, command: [long] } }).length <= 255);
});

test('a snapshot and a report of one name are refused before the program runs', async (t) => {
  const folder = newFolder();
  const path = join(folder, 'both.json');
  const ran = await run([
    MEMTRACE,
    'run',
    '--json',
    path,
    '-o',
    `${folder}/./both.json`,
    '--',
    'echo',
    'ran',
  ]);
  t.is(ran.code, 2);
  t.is(ran.stdout, '');
  t.regex(ran.stderr, /both the snapshot and the report would be .*both\.json/);
});

test('a reader of the snapshot that goes away is told of, not called a fault', async (t) => {
  const pipe = join(newFolder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = run(['head', '-c', '20', pipe]);
  // A snapshot of more than a pipe holds.
  const ran = await run([MEMTRACE, 'run', '-q', '-o', pipe, '--', program('many_stacks'), '14']);
  await reader;
  t.is(ran.code, 0);
  t.regex(ran.stderr, /cannot write the snapshot .*pipe.*has gone/);
});

test('where neither the snapshot nor the report as JSON can be written, the report is printed all the same', async (t) => {
  for (const [option, what] of [
    ['-o', 'snapshot'],
    ['--json', 'report'],
  ] as const) {
    const ran = await run([MEMTRACE, 'run', option, '/dev/full', '--', 'true']);
    t.is(ran.code, 0);
    t.regex(ran.stderr, /live at exit/);
    t.regex(
      ran.stderr,
      new RegExp(`cannot write the ${what} /dev/full: The disk is full.* with ${option}\\.`),
    );
  }
});

test('a report as JSON does not replace a file that came meanwhile, and is its owner’s alone', async (t) => {
  const path = join(newFolder(), 'r.json');
  const ran = await run([MEMTRACE, 'run', '-q', '--json', path, '--', 'sh', '-c', `echo mine > ${path}`]);
  t.is(readFileSync(path, 'utf8'), 'mine\n');
  t.regex(ran.stderr, /cannot write the report .*The file exists/);
  t.is((await run([MEMTRACE, 'run', '-qf', '--no-output', '--json', path, '--', 'true'])).code, 0);
  t.is(statSync(path).mode & 0o777, 0o600);
});
