/** A daemon that does not read any more: the program waits while there is hope, and not a moment longer. */
import test from 'ava';
import { MEMTRACE } from '../places.js';
import { findChild, threadsOf, untilAllSleep } from '../processes.js';
import { until } from '../until.js';
import { compile, run } from './harness.js';

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

/** Stops the daemon until the program's threads all wait for it, then does something to the daemon. */
const whenStalled = async (
  launcher: number,
  program: string,
  then: (daemon: number) => void,
): Promise<void> => {
  const daemon = await until(() => findChild(launcher, 'memtrace.cjs'));
  const pid = await until(() => findChild(launcher, program));
  process.kill(daemon, 'SIGSTOP');
  await until(() => threadsOf(pid).length === 4);
  await untilAllSleep(pid);
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
