/** Threads that come and go: each with its own account and name, none lost. */
import test from 'ava';
import { compile, program, removeFolders, snapshotOf, trace } from './harness.js';
import { linesOf } from './lines.js';

test.after.always(removeFolders);

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
  for (let round = 0; round < 3; round += 1) {
    const ran = await trace([program('crowd'), '200'], ['-q', '--by', 'stack']);
    t.is(ran.code, 0, ran.stderr);
    t.is(ran.stdout, '400000\n');
    const snapshot = snapshotOf(ran);
    const [blocks] = Object.values(linesOf(snapshot, 'crowd.c')).filter(({ totalBlocks }) => totalBlocks > 1);
    t.is(blocks?.totalBlocks, 400_000);
    t.is(snapshot.capture.lost + snapshot.capture.unknownFrees, 0);
  }
});
