/** A daemon that does not read any more: the program waits while there is hope, and not a moment longer. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { compile, MEMTRACE, removeFolders, run } from './harness.js';

test.after.always(removeFolders);

const BUSY = `#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static void *work(void *unused) {
    for (long i = 0; i < 3000000; i++)
        free(malloc(50));
    return unused;
}
int main(void) {
    pthread_t threads[3];
    puts("begun");
    fflush(stdout);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    puts("finished");
    return 6;
}
`;

const PATIENCE_MS = 60_000;

const until = async <T>(look: () => T | null): Promise<T> => {
  const last = Date.now() + PATIENCE_MS;
  while (Date.now() < last) {
    const found = look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('what was waited for did not come');
};

/** A process below `ancestor`, by its command line. */
const descendant = (ancestor: number, isIt: (command: string) => boolean): number | null => {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .flatMap((row) => (row ? [{ pid: Number(row[1]), parent: Number(row[2]), command: row[3] ?? '' }] : []));
  const isBelow = (pid: number): boolean => {
    const parent = rows.find((row) => row.pid === pid)?.parent;
    return parent !== undefined && (parent === ancestor || isBelow(parent));
  };
  return rows.find(({ pid, command }) => isIt(command) && isBelow(pid))?.pid ?? null;
};

/** Processor time of all its threads, in ticks: it stands still when all of them wait. */
const ticksOf = (pid: number): number =>
  readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
    .slice(11, 13)
    .reduce((ticks, field) => ticks + Number(field), 0);

const threadsOf = (pid: number): number => readdirSync(`/proc/${pid}/task`).length;

/** Stops the daemon until the program's threads all wait for it, then does something to the daemon. */
const whenStalled = async (
  launcher: number,
  program: string,
  then: (daemon: number) => void,
): Promise<void> => {
  const daemon = await until(() => descendant(launcher, (command) => command.includes('memtrace.cjs')));
  const pid = await until(() => descendant(launcher, (command) => command === program));
  process.kill(daemon, 'SIGSTOP');
  let before = -1;
  let still = 0;
  await until(() => {
    const now = ticksOf(pid);
    still = now === before && threadsOf(pid) === 4 ? still + 1 : 0;
    before = now;
    return still >= 30 ? true : null;
  });
  then(daemon);
};

const stalled = async (then: (daemon: number) => void) => {
  const program = compile(BUSY, 'c', '-O1', '-fno-builtin');
  let waited: Promise<void> = Promise.resolve();
  const ran = await run([MEMTRACE, 'run', '--no-output', '--', program], {
    meanwhile: ({ pid = -1 }) => {
      waited = whenStalled(pid, program, then);
    },
  });
  await waited;
  return ran;
};

test('threads that wait for a full ring are set free when the daemon is killed', async (t) => {
  const ran = await stalled((daemon) => process.kill(daemon, 'SIGKILL'));
  t.is(ran.stdout, 'begun\nfinished\n');
  t.is(ran.code, 6);
  t.regex(ran.stderr, /daemon/);
});

test('threads that wait for a full ring go on when the daemon does, and nothing is lost', async (t) => {
  const ran = await stalled((daemon) => process.kill(daemon, 'SIGCONT'));
  t.is(ran.stdout, 'begun\nfinished\n');
  t.is(ran.code, 6);
  t.regex(ran.stderr, /frees +9,000,00[0-9]\b/);
  t.regex(ran.stderr, /0 events lost, 0 unknown frees/);
});
