/** What a session takes is bounded by what runs at a time, not by what has run. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Snapshot } from '../../proto/snapshot.js';
import { newFolder } from '../folders.js';
import { start } from '../launcher/support.js';
import { program as built, MEMTRACE } from '../places.js';
import { until } from '../until.js';
import { SLOW } from '../where.js';
import { build, run } from './support.js';
import { inMiB, most, watch } from './watch.js';

const MIB = 1 << 20;

/** A session in a runtime folder of its own, of which it is the only one. */
const session = (...command: readonly string[]) => sessionOf(['--children=none'], command);

const sessionOf = (more: readonly string[], command: readonly string[]) => {
  const runtime = newFolder();
  const out = join(runtime, 't.json');
  const env = { ...process.env, XDG_RUNTIME_DIR: runtime };
  const options = ['run', '-q', ...more, '-o', out, '--', ...command];
  const limitMs = SLOW ? 600_000 : 120_000;
  return {
    launcher: start(MEMTRACE, options, { env, limitMs }),
    snapshots: () => readdirSync(runtime).filter((name) => name.endsWith('.json')),
    watching: watch(runtime, 100),
    capture: () => JSON.parse(readFileSync(out, 'utf8')).capture,
  };
};

// 1 MiB of registry, 64 rings of 1 MiB, the others of 64 KiB, 2 MiB for stacks and modules.
for (const [threads, mib] of [
  [1, 5],
  [300, 1 + 64 + 300 / 16 + 2],
] as const)
  test(`${threads} threads that allocate all at once: at most ${Math.ceil(mib)} MiB of shared memory`, async (t) => {
    const count = 3_000_000 / threads;
    const { launcher, watching, capture } = session(await build('crowd.c'), String(threads), String(count));
    await launcher.said(/done/);
    const { sharedBytes } = watching.now();
    launcher.process.stdin?.end();
    t.is((await launcher.outcome).code, 3);
    watching.stop();
    t.true(capture().allocations >= 3_000_000, String(capture().allocations));
    t.is(capture().lost, 0);
    t.log(`${(sharedBytes / MIB).toFixed(1)} MiB`);
    t.true(sharedBytes > 2 * MIB && sharedBytes <= mib * MIB, String(sharedBytes));
  });

const FILES = SLOW ? 400 : 40;

test(`make -j2 of ${FILES} files: files, descriptors and memory are those of what runs at a time`, async (t) => {
  const folder = newFolder();
  const sources = join(folder, 'src');
  mkdirSync(sources);
  for (let i = 0; i < FILES; i += 1)
    writeFileSync(join(sources, `f${i}.c`), `int f${i}(int x) { return x * ${i}; }\n`);
  const rules = [
    `OBJECTS := $(patsubst %.c,%.o,$(wildcard ${sources}/*.c))`,
    `${sources}/all: $(OBJECTS)\n\t@ld -r $(OBJECTS) -o $@ && echo linked`,
    '%.o: %.c\n\t@sleep 0; gcc -O1 -c $< -o $@',
  ];
  writeFileSync(join(folder, 'Makefile'), `${rules.join('\n')}\n`);
  const { launcher, watching } = session('make', '-s', '-j2', '-f', join(folder, 'Makefile'));
  const { code, stdout, stderr } = await launcher.outcome;
  const samples = watching.stop();
  t.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'linked\n', stderr: '' });
  t.true(samples.length > 5, String(samples.length));
  t.log(`daemon MiB: ${inMiB(samples, 'daemonBytes')}`);
  t.log(
    `at most ${most(samples, 'segments')} segments, ${most(samples, 'descriptors')} descriptors of the daemon, ${Math.round(most(samples, 'sharedBytes') / MIB)} MiB shared`,
  );
  // make, and twice sh, gcc, cc1 or as; some that have ended and are not yet read to their end.
  t.true(most(samples, 'segments') <= 40);
  t.true(most(samples, 'descriptors') <= 120);
  t.true(most(samples, 'sharedBytes') <= 160 * MIB);
  t.true(most(samples, 'daemonBytes') <= (SLOW ? 250 : 100) * MIB);
});

const COMPILERS = 32;

test(`${COMPILERS} processes with 65,536 stacks each: at the end, all snapshots written, the daemon has not kept them all in memory`, async (t) => {
  const program = built('many_stacks');
  const command = ['sh', '-c', `for i in $(seq ${COMPILERS}); do ${program} 16; done`];
  const { launcher, watching, snapshots } = sessionOf(['--children=all'], command);
  t.is((await launcher.outcome).code, 0);
  const samples = watching.stop();
  t.log(`daemon MiB: ${inMiB(samples, 'daemonBytes')}`);
  t.true(snapshots().length > COMPILERS, snapshots().join(' '));
  // 64 MiB of stacks, and what one snapshot takes. Had it kept all, it were 370.
  t.true(most(samples, 'daemonBytes') < 280 * MIB);
});

test('a program killed again and again leaves nothing behind in its session', async (t) => {
  const { watching, launcher } = session(
    'sh',
    '-c',
    'for i in $(seq 30); do sh -c "kill -9 \\$\\$" 2>/dev/null; done; echo over; read x',
  );
  await launcher.said(/over/);
  await until(() => watching.now().segments <= 2);
  launcher.process.stdin?.end();
  t.is((await launcher.outcome).code, 1); // of read
  watching.stop();
});

test('2,000 threads, one after the other, share a few rings', async (t) => {
  const { launcher, watching } = session(await build('threads.c'), 'short-threads', '2000');
  t.is((await launcher.outcome).code, 7);
  const samples = watching.stop();
  t.log(`${inMiB(samples, 'sharedBytes')} MiB`);
  // Had each its own, it were 125; a daemon that has to wait for a processor frees them later.
  t.true(samples.length > 0 && most(samples, 'sharedBytes') < 64 * MIB);
});

test('address space reserved until its sum is rounded: seen live, and in snapshots that can be read', async (t) => {
  const program = await build('reservations.c');
  const runtime = newFolder();
  const out = join(runtime, 't.json');
  const env = { ...process.env, XDG_RUNTIME_DIR: runtime };
  const both = `${program} 200 & ${program} 200; echo over $$; read x; wait`;
  const options = ['run', '-q', '-o', out, '--', 'sh', '-c', both];
  const launcher = start(MEMTRACE, options, { env, limitMs: 60_000 });
  const [, pid = ''] = await launcher.said(/over (\d+)/);
  const live = await run([MEMTRACE, 'top', '--once', pid], { env });
  t.is(live.code, 0, live.stderr);
  launcher.process.stdin?.end();
  await launcher.outcome;
  const files = readdirSync(runtime).filter((name) => /^t\..*json$/.test(name));
  const sums = files.flatMap((name) => {
    const { sites } = JSON.parse(readFileSync(join(runtime, name), 'utf8')) as Snapshot;
    return sites.filter(({ totalBlocks }) => totalBlocks === 200).map(({ totalBytes }) => totalBytes);
  });
  t.deepEqual(sums, [200 * 2 ** 46, 200 * 2 ** 46]); // 2^53.6
  for (const name of files) t.is((await run([MEMTRACE, 'report', join(runtime, name)])).code, 0, name);
});
