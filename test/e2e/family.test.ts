/** Each function of the malloc family and of the mmap family, once, against what the program's source states. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Snapshot } from '../../proto/snapshot.js';
import { newFolder } from '../folders.js';
import { MEMTRACE, program } from '../places.js';
import { patience, where } from '../where.js';
import { run, snapshotOf, trace } from './harness.js';
import { linesOf } from './lines.js';

test('every function of the malloc family is counted for what it did', async (t) => {
  const ran = await trace([program('family')]);
  t.is(ran.code, 0);
  t.is(ran.code, (await run([program('family')])).code);
  const { capture, totals, sizes: classes } = snapshotOf(ran);
  const sizes = [1001, 1002, 1003, 1004, 1005, 1006, 1024, 1008, 1009, 1010, 13, 0, 5 * 2 ** 30];
  const gone = [10, 2001, 2002, 2003];
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  t.is(totals.liveBlocks, sizes.length);
  t.is(totals.liveBytes, sum(sizes));
  for (const { bytes, liveBlocks } of classes)
    t.is(
      liveBlocks,
      sizes.filter((size) => size >= bytes && size < Math.max(1, 2 * bytes)).length,
      `${bytes}`,
    );
  t.is(capture.allocations, sizes.length + gone.length);
  t.is(totals.totalBytes, sum(sizes) + sum(gone));
  t.is(capture.frees, gone.length);
  t.is(totals.temporaryBlocks, 3, 'a block released by realloc is none');
  t.is(capture.unknownFrees, 0);
});

test('a block is charged to the line that asked for it, also through strdup', async (t) => {
  const lines = linesOf(snapshotOf(await trace([program('family')])), 'family.c');
  const bySize = Object.values(lines).map(({ liveBytes }) => liveBytes);
  for (const size of [1001, 1002, 1003, 1004, 1005, 1006, 1024, 1008, 1009, 1010, 13])
    t.true(bySize.includes(size), `no line keeps ${size} bytes`);
});

const mapped = ({ sites }: Snapshot) => sites.filter(({ kind }) => kind === 'mmap');

test('mappings are an account of their own, exact with holes and moves', async (t) => {
  const snapshot = snapshotOf(await trace([program('family')]));
  const live = mapped(snapshot).reduce((sum, { liveBytes }) => sum + liveBytes, 0);
  t.is(live, 40960 - 4096 + 20480);
  const heap = snapshot.sites
    .filter(({ kind }) => kind === 'heap')
    .reduce((sum, { liveBytes }) => sum + liveBytes, 0);
  t.is(heap, snapshot.totals.liveBytes, 'none of it is in the totals of the heap');
});

test('where limited addresses leave no room for all stacks, a note says so and what has none is counted', async (t) => {
  const command = ['sh', '-c', 'ulimit -Sv 400000; exec "$0" 17', program('many_stacks')];
  const { sites, stacks, frames, capture, notes } = snapshotOf(await trace(command, ['-q']));
  const without = sites.filter(
    ({ stack }) => frames[stacks[stack].frame].function === '[stack not recorded]',
  );
  t.true(without.length > 0);
  t.is(
    capture.truncatedStacks,
    without.reduce((sum, { totalBlocks }) => sum + totalBlocks, 0),
  );
  t.regex((notes ?? []).join('\n'), /table of stacks was full/);
});

test('as many sites as there are different stacks, also when the tables of the program had to grow', async (t) => {
  const stacks = 2 ** 14;
  const { sites, capture } = snapshotOf(await trace([program('many_stacks'), '14'], ['-q']));
  const mine = sites.filter(
    ({ kind, totalBytes, totalBlocks }) => kind === 'heap' && totalBytes === 16 * totalBlocks,
  );
  t.is(mine.length, stacks);
  t.is(new Set(mine.map(({ stack }) => stack)).size, stacks);
  t.true(mine.every(({ liveBlocks }) => liveBlocks === 1));
  t.is(capture.truncatedStacks, 0);
});

test('a report by stack of very many equal stacks has room enough', async (t) => {
  const file = join(newFolder(), 'many.json');
  await run([MEMTRACE, 'run', '-q', '-o', file, '--', program('many_stacks'), '17']);
  const env = { NODE_OPTIONS: '--max-old-space-size=300' }; // a million stacks have 4 GiB
  const { code, stdout } = await run([MEMTRACE, 'report', file, '--by', 'stack', '--limit', '3'], { env });
  t.is(code, 0);
  t.regex(stdout, /131,069/);
});

test('a reader of the resident memory is told what of it is the record of very many stacks', async (t) => {
  const of = async (depth: string) =>
    snapshotOf(await trace([program('many_stacks'), depth], ['-q'])).notes?.join() ?? '';
  t.regex(await of('16'), /about \d+\.\d MiB of RSS are memtrace’s own/);
  t.notRegex(await of('4'), /RSS/);
});

where(patience)('processes that find no room to be announced are told of', async (t) => {
  // The shell is not traced: it would wait for the daemon as soon as its ring is full.
  const script =
    'D=$(pgrep -P $PPID -x node); kill -STOP $D; for i in $(seq 4200); do /bin/true; done; kill -CONT $D';
  const command = [MEMTRACE, 'run', '-q', '--no-output', '--only', 'true', '--', 'sh', '-c', script];
  const { code, stderr } = await run(command, { longestMs: 5 * 60_000 });
  t.is(code, 0, stderr);
  t.regex(stderr, /\b1\d\d further processes were not traced: too many started at once/);
});

where(patience)(
  'millions of different stacks are kept and saved whole, beyond what a string can hold',
  async (t) => {
    t.timeout(20 * 60_000);
    const file = join(newFolder(), 'many.json');
    const command = [MEMTRACE, 'run', '-o', file, '--', program('many_stacks'), '22'];
    const { code, stderr } = await run(command, { longestMs: 15 * 60_000 });
    t.is(code, 0, stderr);
    t.regex(stderr, /live at exit +64\.0 MiB in 4,194,304 blocks/);
    t.regex(stderr, /0 events lost, 0 unknown frees, 0 truncated stacks/);
    t.true(statSync(file).size > 2 ** 29);
    t.is(execFileSync('tail', ['-c', '4', file], { encoding: 'utf8' }), '}]}\n');
    const report = await run([MEMTRACE, 'report', file]);
    t.is(report.code, 1);
    t.regex(report.stderr, /512 MiB/);
  },
);
