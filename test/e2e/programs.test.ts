/**
 * Real programs: the same output and exit code as without memtrace, and counts equal to an independent counting
 * preload, process by process. memtrace adds no allocation of its own to the program's counts: not one.
 *
 * The counter is given to the program by one more environment variable (COUNT_OUT); the traced run gets one of the
 * same length, because some programs (perl, bash) allocate for each.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { newFolder } from '../folders.js';
import { installed, where } from '../where.js';
import { type Counted, count, type Surroundings, snapshotOf, type Traced, trace } from './harness.js';

const STAND_IN = { COUNT_OUT: `${newFolder()}/counts` };

const tracedCounts = ({ snapshots }: Traced): readonly Counted[] =>
  Object.values(snapshots).map(({ process, capture }) => ({
    name: process.command[0] ?? '',
    pid: process.pid,
    allocations: capture.allocations,
    // A forked child's frees of its parent's blocks are told apart by us and not by the counter.
    frees: capture.frees + (process.inherited?.frees ?? 0) + capture.unknownFrees,
  }));

const sorted = (processes: readonly Counted[]) =>
  processes.map(({ allocations, frees }) => `${allocations} ${frees}`).sort();

/** Runs it bare of memtrace and under it; compares everything a user sees, and the counts. */
const sameAsBare = async (
  t: ExecutionContext,
  command: readonly string[],
  surroundings: Surroundings = {},
): Promise<Traced> => {
  const counted = await count(command, surroundings);
  const traced = await trace(command, ['-q'], {
    ...surroundings,
    env: { ...surroundings.env, ...STAND_IN },
  });
  t.is(traced.code, counted.code);
  t.is(traced.stdout, counted.stdout);
  t.is(traced.stderr, counted.stderr);
  t.true(counted.processes.length > 0, 'the counter said nothing');
  t.deepEqual(sorted(tracedCounts(traced)), sorted(counted.processes));
  return traced;
};

where(installed('sqlite3'))('a database in memory answers the same, and every allocation is counted', (t) =>
  sameAsBare(t, [
    'sqlite3',
    ':memory:',
    'create table t(a, b); with recursive n(x) as (select 1 union all select x + 1 from n where x < 2000) ' +
      'insert into t select x, hex(x) from n; select count(*), sum(p.a) from t p join t q on p.a = q.a; select 1/0; bad',
  ]),
);

where(installed('git'))('git log -p of a small repository is the same, and counted', async (t) => {
  const folder = newFolder();
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
      cwd: folder,
      stdio: 'ignore',
    });
  git('init', '-q');
  for (let i = 0; i < 5; i += 1) {
    writeFileSync(join(folder, 'file'), `${i}\n`.repeat(100 + i));
    git('add', '.');
    git('commit', '-qm', `change ${i}`);
  }
  await sameAsBare(t, ['git', '--no-pager', 'log', '-p'], { cwd: folder });
});

where(installed('gcc'))('the compiler makes the same assembly', async (t) => {
  const folder = newFolder();
  writeFileSync(join(folder, 'a.c'), 'int f(int x) { return x * 2; }\n');
  const compiler = execFileSync('gcc', ['-print-prog-name=cc1'], { encoding: 'utf8' }).trim();
  const command = [compiler, '-quiet', '-O2', 'a.c', '-o', '-'];
  const counted = await count(command, { cwd: folder });
  const traced = await trace(command, ['-q'], { cwd: folder });
  t.is(traced.code, 0);
  t.is(traced.stdout, counted.stdout);
  // It hashes addresses, so that its own counts differ by one or two from run to run.
  const ours = snapshotOf(traced).capture.allocations;
  const theirs = counted.processes[0].allocations;
  t.true(Math.abs(ours - theirs) <= 5, `${ours} against ${theirs}`);
});

test('a Python script prints the same, and every raw allocation is counted', async (t) => {
  await sameAsBare(
    t,
    ['/usr/bin/python3', '-E', '-S', '-c', 'print(sum(len(str(i)) for i in range(10000)))'],
    {
      env: { PYTHONHASHSEED: '0' },
    },
  );
});

where(installed('perl'))('a Perl script prints the same, and every allocation is counted', (t) =>
  sameAsBare(
    t,
    ['perl', '-e', 'my %h; $h{$_} = [1 .. 5] for 1 .. 500; print scalar(keys %h), "\\n"; exit 3'],
    {
      env: { PERL_HASH_SEED: '0' },
    },
  ),
);

test('a pipeline of four programs gives the same result, each of them counted by itself', async (t) => {
  const command = ['bash', '-c', 'seq 1000 | sort -r | head -5 | wc -l; exit 7'];
  const counted = await count(command);
  const traced = await trace(command, ['-q'], { env: STAND_IN });
  t.is(traced.code, 7);
  t.is(traced.stdout, counted.stdout);
  // bash's forked children become the four programs; the counter only sees what ends by exit.
  for (const name of ['seq', 'sort', 'head', 'wc']) {
    const ours = Object.values(traced.snapshots).find(({ process }) => process.command[0] === name);
    const theirs = counted.processes.find((each) => each.name === name);
    t.truthy(theirs, name);
    t.is(ours?.capture.allocations, theirs?.allocations, name);
    t.is(ours?.capture.frees, theirs?.frees, name);
  }
});
