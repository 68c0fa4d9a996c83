/** Threads that come and go: each with its own account and name, none lost. */
import test from 'ava';
import { program } from '../places.js';
import { SLOW } from '../where.js';
import { compile, snapshotOf, trace } from './harness.js';
import { linesOf } from './lines.js';

/** THREADS in all, AT_ONCE of them at a time, held together by a barrier: number n makes n blocks, keeps one. */
const CROWD = `#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static pthread_barrier_t together;
static void *volatile kept[THREADS];
static void *work(void *number) {
    long n = (long)number;
    char name[16];
    snprintf(name, sizeof name, "worker-%ld", n);
    pthread_setname_np(pthread_self(), name);
    pthread_barrier_wait(&together);
    for (long i = 0; i < n; i++)
        free(malloc(100));
    kept[n] = malloc(1000 + n);
    pthread_barrier_wait(&together);
    return NULL;
}
int main(void) {
    pthread_t threads[AT_ONCE];
    pthread_barrier_init(&together, NULL, AT_ONCE);
    for (long n = 0; n < THREADS; n += AT_ONCE) {
        for (long i = 0; i < AT_ONCE; i++)
            pthread_create(&threads[i], NULL, work, (void *)(n + i));
        for (long i = 0; i < AT_ONCE; i++)
            pthread_join(threads[i], NULL);
    }
}
`;

for (const { threads, atOnce } of [
  { threads: 200, atOnce: 2 },
  { threads: 64, atOnce: 64 },
])
  test(`${threads} threads, ${atOnce} at once: the account of each is its own, to the block`, async (t) => {
    const crowd = compile(
      CROWD,
      'c',
      '-O1',
      '-g',
      '-fno-builtin',
      `-DTHREADS=${threads}`,
      `-DAT_ONCE=${atOnce}`,
    );
    const ran = await trace([crowd], ['-q']);
    t.is(ran.code, 0);
    const snapshot = snapshotOf(ran);
    const pairs = (threads * (threads - 1)) / 2;
    const lines = Object.values(linesOf(snapshot, '<stdin>'));
    t.is(lines[0]?.totalBlocks, pairs);
    t.deepEqual(lines[1], { liveBlocks: threads, liveBytes: threads * 1000 + pairs, totalBlocks: threads });
    t.is(snapshot.capture.lost + snapshot.capture.unknownFrees, 0);
    const accounts = snapshot.threads
      .filter(({ name }) => name.startsWith('worker-'))
      .map(({ name, allocations, frees, liveBytes, temporaryBlocks }) => [
        name,
        allocations,
        frees,
        liveBytes,
        temporaryBlocks,
      ])
      .toSorted((a, b) => String(a[0]).localeCompare(String(b[0]), 'en', { numeric: true }));
    const expected = Array.from({ length: threads }, (_, n) => [`worker-${n}`, n + 1, n, 1000 + n, n]);
    t.deepEqual(accounts, expected);
  });

test('two hundred threads that all meet new stacks while the tables grow do not hang', async (t) => {
  for (let round = 0; round < (SLOW ? 5 : 1); round += 1) {
    const ran = await trace([program('crowd'), '200'], ['-q', '--by', 'stack']);
    t.is(ran.code, 0, ran.stderr);
    t.is(ran.stdout, '400000\n');
    const snapshot = snapshotOf(ran);
    const [blocks] = Object.values(linesOf(snapshot, 'crowd.c')).filter(({ totalBlocks }) => totalBlocks > 1);
    t.is(blocks?.totalBlocks, 400_000);
    t.is(snapshot.capture.lost + snapshot.capture.unknownFrees, 0);
  }
});

/** One after the other, each thread fills and empties 20 MiB: never is there more. */
const RELAY = `#include <semaphore.h>
#include <pthread.h>
#include <stdlib.h>
#define BLOCKS 20480
static sem_t turn[THREADS];
static void *run(void *number) {
    long me = (long)number;
    static __thread void *volatile block[BLOCKS];
    for (int round = 0; round < 40 / THREADS; round++) {
        sem_wait(&turn[me]);
        for (int i = 0; i < BLOCKS; i++)
            block[i] = malloc(1024);
        for (int i = 0; i < BLOCKS; i++)
            free(block[i]);
        sem_post(&turn[(me + 1) % THREADS]);
    }
    return NULL;
}
int main(void) {
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        sem_init(&turn[i], 0, i == 0);
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, run, (void *)i);
    for (long i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}
`;
const MOMENT_BYTES = 256 << 10;

for (const threads of [2, 8])
  test(`${threads} threads that take turns: the peak is one's, not the sum of them`, async (t) => {
    const relay = compile(RELAY, 'c', '-O1', '-g', '-fno-builtin', `-DTHREADS=${threads}`);
    const { totals, capture } = snapshotOf(await trace([relay], ['-q']));
    t.is(capture.lost, 0);
    const all = 20 << 20;
    t.true(totals.peakBytes >= all - MOMENT_BYTES, `${totals.peakBytes}`);
    t.true(totals.peakBytes <= all + threads * MOMENT_BYTES, `${totals.peakBytes}`);
  });

test('a block of posix_memalign that another thread frees as soon as it is there is no unknown free', async (t) => {
  const ran = await trace([program('handed_over'), '20000'], ['-q']);
  t.is(ran.code, 0, ran.stderr);
  const snapshot = snapshotOf(ran);
  t.deepEqual(linesOf(snapshot, 'handed_over.c')[17], { liveBlocks: 0, liveBytes: 0, totalBlocks: 20_000 });
  t.is(snapshot.capture.unknownFrees, 0);
});

/**
 * Alone at first, with reallocations; then interrupted by a handler that allocates, of a size that glibc keeps apart and
 * has at hand; then beside a thread.
 */
const COMPANY = `#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
static volatile int handled;
static void *volatile kept[1000];
static void handler(int signal) {
    void *volatile block = malloc(200);
    free(block);
    handled += signal == SIGALRM;
}
static void *work(void *block) {
    free(block);
    for (int i = 0; i < 1000; i++)
        free(kept[i]);
    return NULL;
}
int main(void) {
    for (int i = 0; i < 1000; i++)
        kept[i] = malloc(100);
    handler(0);
    struct itimerval every = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    signal(SIGALRM, handler);
    setitimer(ITIMER_REAL, &every, NULL);
    for (int i = 0; i < 100000 || handled < 20; i++) {
        void *volatile block = malloc(20);
        block = realloc(block, 40);
        free(block);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, work, malloc(77));
    pthread_join(thread, NULL);
    printf("%d\\n", handled);
}
`;

test('a program that gets company, of a signal handler and of a thread, is counted to the block', async (t) => {
  const ran = await trace([compile(COMPANY, 'c', '-O1', '-g', '-fno-builtin')], ['-q']);
  t.is(ran.code, 0, ran.stderr);
  const snapshot = snapshotOf(ran);
  const lines = linesOf(snapshot, '<stdin>');
  const once = (totalBlocks: number) => ({ liveBlocks: 0, liveBytes: 0, totalBlocks });
  t.deepEqual(lines[9], once(Number(ran.stdout) + 1));
  t.deepEqual(lines[21], once(1000));
  t.deepEqual(lines[27], once(lines[28].totalBlocks));
  t.deepEqual(lines[33], once(1));
  t.is(snapshot.capture.lost + snapshot.capture.unknownFrees, 0);
});
