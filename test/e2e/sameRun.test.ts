/**
 * Every process image of a run, counted twice in that same run: by memtrace and, behind its shim, by a preload that
 * has nothing in common with it. Not one allocation, free or byte apart: memtrace itself allocates nothing.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { newFolder } from '../folders.js';
import { program } from '../places.js';
import { until } from '../until.js';
import { installed, where } from '../where.js';
import { type Ran, run, type Surroundings, snapshotOf, type Traced, trace } from './harness.js';
import { asTallies, tallying } from './tally.js';

const countedTwice = async (
  t: ExecutionContext,
  command: readonly string[],
  surroundings: Surroundings = {},
): Promise<Traced> => {
  const { env, read } = tallying();
  const ran = await trace(command, ['-q'], { ...surroundings, env: { ...surroundings.env, ...env } });
  t.deepEqual(asTallies(Object.values(ran.snapshots)), read());
  for (const { capture } of Object.values(ran.snapshots)) t.is(capture.lost + capture.unknownFrees, 0);
  return ran;
};

const programsOf = ({ snapshots }: Traced): readonly string[] =>
  Object.values(snapshots).map(({ process }) => process.executable.split('/').at(-1) ?? '');

test('gcc -O2 -c: the driver, the compiler proper and the assembler, to the byte', async (t) => {
  const folder = newFolder();
  const file = join(folder, 'sort.c');
  writeFileSync(
    file,
    `#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>
static int order(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
void sort(char **lines, size_t n) {
    qsort(lines, n, sizeof *lines, order);
    for (size_t i = 0; i < n; i++)
        puts(lines[i]);
}\n`,
  );
  const ran = await countedTwice(t, ['gcc', '-O2', '-c', file, '-o', join(folder, 'sort.o')], {
    env: { TMPDIR: folder },
  });
  t.is(ran.code, 0);
  t.true(existsSync(join(folder, 'sort.o')));
  t.true(programsOf(ran).includes('cc1'));
  t.true(programsOf(ran).some((name) => /(^|-)as$/.test(name)));
});

test('a shell that forks and executes, with subshells that end by themselves', async (t) => {
  const script = 'seq 2000 | sort -r | grep 1 | wc -l; (x=$(echo inner); echo $x); exit 3';
  const ran = await countedTwice(t, ['bash', '--norc', '-c', script]);
  t.is(ran.code, 3);
  t.is(
    ran.stdout,
    `${Array.from({ length: 2000 }, (_, n) => n + 1).filter((n) => /1/.test(`${n}`)).length}\ninner\n`,
  );
  // Before and after exec for each of four, two subshells, and the shell.
  t.is(Object.keys(ran.snapshots).length, 11);
});

test('a Python program that starts another and ends in an exception', async (t) => {
  const script = `import json, subprocess
rows = [{"n": i, "text": "x" * (i % 700)} for i in range(2000)]
print(len(json.dumps(rows)))
print(subprocess.run(["printf", "%s", "child"], capture_output=True).stdout)
raise SystemExit("done")`;
  const command = ['/usr/bin/python3', '-c', script];
  const ran = await countedTwice(t, command);
  const untraced = await run(command);
  t.deepEqual([ran.code, ran.stdout, ran.stderr], [untraced.code, untraced.stdout, untraced.stderr]);
  t.is(ran.code, 1);
});

const whereRedisIs = where(installed('redis-server', 'redis-cli', 'redis-benchmark'));

whereRedisIs('a server with threads, under load', async (t) => {
  const folder = newFolder();
  const socket = join(folder, 's');
  const server = ['redis-server', '--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder];
  const load = async () => {
    await until(() => existsSync(socket));
    const bench = [
      'redis-benchmark',
      '-s',
      socket,
      '-q',
      '-n',
      '2000',
      '-r',
      '1000',
      '-t',
      'set,lpush,lrange_100',
    ];
    const done = await run(bench);
    await run(['redis-cli', '-s', socket, 'shutdown', 'nosave']);
    return done;
  };
  let loaded = Promise.resolve<Ran | null>(null);
  const ran = await countedTwice(t, server, {
    meanwhile: () => {
      loaded = load();
    },
  });
  t.is((await loaded)?.code, 0);
  t.is(ran.code, 0);
  t.true(snapshotOf(ran).capture.allocations > 5000);
});

test('a program killed in the middle of its work: every event up to then, but the one each thread was in', async (t) => {
  const threads = 2;
  const { env, read } = tallying();
  const busyLong = [program('storm'), String(threads), '1000'];
  const killBusy = async (): Promise<void> => {
    const { pid } = await until(() => read().find(({ allocations }) => allocations >= 300_000));
    process.kill(pid, 'SIGKILL');
  };
  let killed = Promise.resolve();
  const ran = await trace(busyLong, ['-q'], {
    env,
    meanwhile: () => {
      killed = killBusy();
    },
  });
  await killed;
  t.is(ran.code, 137);
  const { capture } = snapshotOf(ran);
  const [tally] = read();
  const missing = {
    allocations: (tally?.allocations ?? 0) - capture.allocations,
    frees: capture.frees - (tally?.frees ?? 0),
  };
  t.true(capture.allocations >= 300_000 - threads);
  // An allocation is published after the real call, a free before it.
  t.true(missing.allocations >= 0 && missing.allocations <= threads, `${missing.allocations} allocations`);
  t.true(missing.frees >= 0 && missing.frees <= threads, `${missing.frees} frees`);
});
