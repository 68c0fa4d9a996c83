/** Programs that say what they did: counts, bytes and leaks must be theirs exactly. */
import test from 'ava';
import { groupSites } from '../../views/group.js';
import { recordingOf } from '../../views/profile.js';
import { program } from '../places.js';
import { compile, count, snapshotOf, trace } from './harness.js';
import { elsewhere, linesOf } from './lines.js';

test('the leaks of every line are exactly those the program made', async (t) => {
  const n = 1000;
  const snapshot = snapshotOf(await trace([program('leaky'), String(n)]));
  const { capture, totals } = snapshot;
  // A successful realloc is one free and one allocation: N/10 more of each than the program states.
  t.is(capture.allocations, n + n / 2 + n / 10 + 10 * n + n / 10);
  t.is(capture.frees, 10 * n + n / 10);
  t.is(totals.liveBytes, n * 64 + (n / 2) * 128 + (n / 10) * 1000);
  t.is(totals.totalBytes, n * 64 + (n / 2) * 128 + (n / 10) * (10 + 1000) + 10 * n * 48);
  t.is(totals.temporaryBlocks, 10 * n);
  t.deepEqual(linesOf(snapshot, 'leaky.c'), {
    8: { liveBlocks: n, liveBytes: n * 64, totalBlocks: n },
    9: { liveBlocks: n / 2, liveBytes: (n / 2) * 128, totalBlocks: n / 2 },
    10: { liveBlocks: n / 10, liveBytes: (n / 10) * 1000, totalBlocks: n / 5 },
    11: { liveBlocks: 0, liveBytes: 0, totalBlocks: 10 * n },
  });
  t.deepEqual([capture.lost, capture.unknownFrees, capture.truncatedStacks], [0, 0, 0]);
});

test('a storm of short-lived blocks is counted to the last one', async (t) => {
  const pairs = 100_000;
  const snapshot = snapshotOf(await trace([program('storm'), '1', String(pairs / 1e6)]));
  t.is(snapshot.capture.allocations, pairs);
  t.is(snapshot.capture.frees, pairs);
  t.is(snapshot.totals.temporaryBlocks, pairs);
  t.is(snapshot.totals.liveBlocks, 0);
});

test('two threads at once lose nothing, and what the C library allocates for them is told apart', async (t) => {
  const pairs = 100_000;
  const snapshot = snapshotOf(await trace([program('storm'), '2', String(pairs / 1e6)]));
  const library = elsewhere(snapshot, 'storm.c');
  t.is(library.total, 2, 'one thread control block for each');
  t.is(snapshot.capture.allocations, 2 * pairs + library.total);
  t.is(snapshot.capture.frees, 2 * pairs);
  t.is(snapshot.totals.temporaryBlocks, 2 * pairs);
  t.is(snapshot.totals.liveBlocks, library.blocks);
  t.is(snapshot.capture.unknownFrees, 0);
});

test('blocks freed by another thread than their own are paired', async (t) => {
  const ran = await trace([program('xthread'), '0.2']);
  const snapshot = snapshotOf(ran);
  const stated = Number(/mallocs=(\d+)/.exec(ran.stderr)?.[1]);
  const library = elsewhere(snapshot, 'xthread.c');
  t.is(snapshot.capture.allocations - library.total, stated);
  t.is(snapshot.capture.frees, stated);
  t.is(snapshot.totals.liveBlocks, library.blocks);
  t.is(snapshot.totals.temporaryBlocks, 0);
  t.is(snapshot.capture.unknownFrees, 0);
  // The queue holds 64 batches of 512, with one more in the hands of each thread.
  t.true(snapshot.totals.peakBytes <= 66 * 512 * 223 + 1024, `peak ${snapshot.totals.peakBytes}`);
});

test('a heap that grows and shrinks at random ends where it began, with its peak', async (t) => {
  const blocks = 100_000;
  const snapshot = snapshotOf(await trace([program('live'), String(blocks / 1e6)]));
  t.is(snapshot.capture.allocations, blocks + 1);
  t.is(snapshot.capture.frees, blocks + 1);
  t.is(snapshot.totals.liveBytes, 0);
  const atPeak = snapshot.sites.reduce((sum, site) => sum + site.peakBlocks, 0);
  t.is(atPeak, blocks + 1);
});

test('a C++ program with containers is counted like by an independent counter', async (t) => {
  const command = [program('cpptree'), '5'];
  const [counted, ran] = [await count(command), await trace(command)];
  const { capture } = snapshotOf(ran);
  t.is(ran.stdout, counted.stdout);
  t.is(capture.allocations, counted.processes[0].allocations);
  t.is(capture.frees, counted.processes[0].frees);
});

test('by function, each lambda of a function has a row of its own', async (t) => {
  const twoLambdas = compile(
    `#include <cstdlib>
#include <functional>
void *kept[4];
__attribute__((noinline)) static void each(const std::function<void(int)> &f) {
    f(0);
    f(1);
}
int main() {
    each([](int i) { kept[i] = malloc(100); });
    each([](int i) { kept[2 + i] = malloc(1000); });
}
`,
    'c++',
    '-g',
    '-O2',
  );
  const rows = groupSites(recordingOf(snapshotOf(await trace([twoLambdas]))), 'function');
  t.deepEqual(
    rows
      .map((row) => [row.function, row.liveBytes])
      .filter(([name]) => String(name).includes('lambda'))
      .sort(),
    [
      ['main::{lambda#1}::operator()', 200],
      ['main::{lambda#2}::operator()', 2000],
    ],
  );
});
