/** Sudden ends: of the program, of the daemon, of the symbolizer. What was drained stays; the program never suffers. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'ava';
import { compile, MEMTRACE, program, removeFolders, run, snapshotOf, trace } from './harness.js';
import { linesOf } from './lines.js';

test.after.always(removeFolders);

/** Children of a process, by the command they run. */
const childrenOf = (pid: number): readonly { readonly pid: number; readonly command: string }[] => {
  const listed = (): string => {
    try {
      return execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(pid)], { encoding: 'utf8' });
    } catch {
      return ''; // none
    }
  };
  return listed()
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(.*)$/.exec(line))
    .flatMap((found) => (found ? [{ pid: Number(found[1]), command: found[2] }] : []));
};

const waitFor = async <T>(look: () => T | undefined): Promise<T> => {
  for (let tries = 0; tries < 500; tries += 1) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('what was waited for did not come');
};

test('a program killed with -9 keeps what was drained, and says how it ended', async (t) => {
  const victim = compile(
    `#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
void *keep[1000];
int main(void) {
    for (int i = 0; i < 1000; i++)
        keep[i] = malloc(100);
    usleep(300000);
    kill(getpid(), SIGKILL);
}
`,
    'c',
    '-O1',
    '-g',
    '-fno-builtin',
  );
  const ran = await trace([victim]);
  t.is(ran.code, 128 + 9);
  const snapshot = snapshotOf(ran);
  t.is(snapshot.process.signal, 'SIGKILL');
  t.is(snapshot.process.exitCode, null);
  t.is(snapshot.capture.allocations, 1000);
  t.is(snapshot.totals.liveBytes, 100_000);
  t.regex(ran.stderr, /was killed by SIGKILL/);
});

test('the program goes on with its own output and exit code when the daemon is killed', async (t) => {
  const source = `#include <stdio.h>
#include <stdlib.h>
int main(void) {
    for (long i = 0; i < 30000000; i++)
        free(malloc(50));
    puts("finished");
    return 6;
}
`;
  const busy = compile(source, 'c', '-O1', '-fno-builtin');
  const killDaemon = async (launcher: number) => {
    const daemon = await waitFor(() =>
      childrenOf(launcher).find(({ command }) => command.includes('memtrace.cjs')),
    );
    await waitFor(() => childrenOf(launcher).find(({ command }) => command === busy));
    await new Promise((resolve) => setTimeout(resolve, 100)); // in the middle of its allocations
    process.kill(daemon.pid, 'SIGKILL');
  };
  let killed: Promise<void> = Promise.resolve();
  const ran = await run([MEMTRACE, 'run', '--no-output', '--', busy], {
    meanwhile: ({ pid }) => {
      if (pid !== undefined) killed = killDaemon(pid);
    },
  });
  await killed;
  t.is(ran.stdout, 'finished\n');
  t.is(ran.code, 6);
  t.regex(ran.stderr, /daemon/);
});

test('a killed symbolizer costs nothing but time', async (t) => {
  const killSymbolizers = async (launcher: number) => {
    const daemon = await waitFor(() =>
      childrenOf(launcher).find(({ command }) => command.includes('memtrace.cjs')),
    );
    const symbolizer = await waitFor(() =>
      childrenOf(daemon.pid).find(({ command }) => command.includes('memtrace-symbolizer')),
    ).catch(() => null);
    if (symbolizer) process.kill(symbolizer.pid, 'SIGKILL');
  };
  let killed: Promise<void> = Promise.resolve();
  const ran = await trace([program('leaky'), '1000'], [], {
    meanwhile: ({ pid }) => {
      if (pid !== undefined) killed = killSymbolizers(pid);
    },
  });
  await killed;
  t.is(ran.code, 0);
  t.is(linesOf(snapshotOf(ran), 'leaky.c')[8]?.liveBlocks, 1000);
});

test('a snapshot is for its owner alone', async (t) => {
  const ran = await trace([program('leaky'), '10']);
  const mode = execFileSync('stat', ['-c', '%a', `${ran.folder}/t.json`], { encoding: 'utf8' }).trim();
  t.is(mode, '600');
  t.true(readFileSync(`${ran.folder}/t.json`).length > 0);
});
