/** Sudden ends: of the program, of the daemon, of the symbolizer. What was drained stays; the program never suffers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Snapshot } from '../../proto/snapshot.js';
import { newFolder } from '../folders.js';
import { start } from '../launcher/support.js';
import { MEMTRACE } from '../places.js';
import { childWith } from '../processes.js';
import { compile, run as runToEnd } from './harness.js';
import { linesOf } from './lines.js';

/** Keeps 1000 blocks of line 6, says so, and waits for the end of stdin. */
const KEEPER = `#include <stdio.h>
#include <stdlib.h>
void *keep[1000];
int main(void) {
    for (int i = 0; i < 1000; i++)
        keep[i] = malloc(100);
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 5;
}
`;

/** A program that runs and has said `ready`, with the snapshot that it will leave. */
const ready = async (program: string) => {
  const out = join(newFolder(), 't.json');
  const run = start(MEMTRACE, ['run', '-o', out, '--', program]);
  await run.said(/ready/);
  return { run, snapshot: (): Snapshot => JSON.parse(readFileSync(out, 'utf8')) };
};

test('a program killed with -9 keeps what was drained, and says how it ended', async (t) => {
  const program = compile(KEEPER, 'c', '-O1', '-g', '-fno-builtin');
  const { run, snapshot } = await ready(program);
  process.kill(childWith(run.pid, program), 'SIGKILL');
  const { code, stderr } = await run.outcome;
  t.is(code, 128 + 9);
  t.regex(stderr, /was killed by SIGKILL/);
  t.like(snapshot().process, { signal: 'SIGKILL', exitCode: null });
  t.deepEqual(linesOf(snapshot(), '<stdin>')[6], { liveBlocks: 1000, liveBytes: 100_000, totalBlocks: 1000 });
});

test('the program goes on with its own output and exit code when the daemon is killed', async (t) => {
  const source = `#include <stdio.h>
#include <stdlib.h>
int main(void) {
    for (long i = 0; i < 30000000; i++) {
        free(malloc(50));
        if (i == 100000) {
            puts("ready");
            fflush(stdout);
        }
    }
    puts("finished");
    return 6;
}
`;
  const { run } = await ready(compile(source, 'c', '-O1', '-fno-builtin')); // in the middle of its allocations
  process.kill(childWith(run.pid, 'memtrace.cjs'), 'SIGKILL');
  const { code, stdout, stderr } = await run.outcome;
  t.is(stdout, 'ready\nfinished\n');
  t.is(code, 6);
  t.regex(stderr, /daemon was killed/);
});

test('a killed symbolizer costs nothing but time', async (t) => {
  const program = compile(KEEPER, 'c', '-O1', '-g', '-fno-builtin');
  const { run, snapshot } = await ready(program);
  const daemon = childWith(run.pid, 'memtrace.cjs');
  const asked = await runToEnd([MEMTRACE, 'top', '--once', String(childWith(run.pid, program))]);
  t.is(asked.code, 0, asked.stderr); // who looks wants names: now there is a symbolizer
  process.kill(childWith(daemon, 'memtrace-symbolizer'), 'SIGKILL');
  run.process.stdin?.end();
  t.is((await run.outcome).code, 5);
  t.is(linesOf(snapshot(), '<stdin>')[6]?.liveBlocks, 1000);
});
