/** Process trees: every image by itself, what cannot be traced named with the reason and left unharmed. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Report } from '../../proto/snapshot.js';
import { newFolder } from '../folders.js';
import { MEMTRACE } from '../places.js';
import { faultBy } from '../schemas.js';
import { installed, type Need, namespaces, where } from '../where.js';
import { compile, run, snapshotOf, trace } from './harness.js';

const forks = () =>
  compile(
    `#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
    void *a[10];
    int status;
    for (int i = 0; i < 10; i++)
        a[i] = malloc(100);
    if (fork() == 0) {
        for (int i = 0; i < 5; i++)
            free(a[i]);
        for (int i = 0; i < 7; i++)
            a[i] = malloc(1000);
        _exit(3);
    }
    wait(&status);
    for (int i = 0; i < 10; i++)
        free(a[i]);
    return WEXITSTATUS(status);
}
`,
    'c',
    '-O1',
    '-fno-builtin',
  );

test('a forked child has its own account, and what it inherited is told apart', async (t) => {
  const ran = await trace([forks()]);
  t.is(ran.code, 3);
  const parent = snapshotOf(ran);
  t.is(parent.capture.allocations, 10);
  t.is(parent.capture.frees, 10);
  const child = Object.values(ran.snapshots).find(({ process }) => process.parentPid === parent.process.pid);
  t.is(child?.capture.allocations, 7);
  t.is(child?.totals.liveBytes, 7000);
  t.deepEqual(child?.process.inherited, { blocks: 10, bytes: 1000, frees: 5 });
  t.is(child?.capture.unknownFrees, 0);
  t.is(child?.process.exitCode, 3);
});

test('every way of starting a program keeps it in the session, also with a cleared environment', async (t) => {
  const starter = compile(
    `#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
int main(void) {
    int status;
    pid_t pid;
    char *none[] = {NULL}, *words[] = {"echo", "spawned", NULL};
    if (vfork() == 0) {
        execl("/bin/echo", "echo", "vforked", NULL);
        _exit(1);
    }
    wait(&status);
    posix_spawn(&pid, "/bin/echo", NULL, NULL, words, environ);
    wait(&status);
    if (system("/bin/echo by system"))
        return 1;
    FILE *f = popen("/bin/cat", "w");
    fprintf(f, "%s%c", "piped", 10);
    pclose(f);
    if (fork() == 0)
        execle("/bin/echo", "echo", "cleared", NULL, none);
    wait(&status);
    execlp("echo", "echo", "last", NULL);
}
`,
    'c',
    '-O1',
  );
  const ran = await trace([starter]);
  t.is(ran.stdout, 'vforked\nspawned\nby system\npiped\ncleared\nlast\n');
  const commands = Object.values(ran.snapshots).map(({ process }) => process.command.join(' '));
  for (const command of ['echo vforked', 'echo spawned', 'echo cleared', 'echo last', '/bin/cat'])
    t.true(
      commands.some((each) => each.includes(command)),
      `${command} is missing in ${commands.join(', ')}`,
    );
  t.deepEqual(
    snapshotOf(ran).process.command,
    ['echo', 'last'],
    'the last image of the first process is the main one',
  );
});

test('the names of the files tell the process, and --children bounds them', async (t) => {
  const command = ['sh', '-c', '/bin/echo a; /bin/echo b; /bin/echo c'];
  const all = await trace(command);
  const { pid } = snapshotOf(all).process;
  for (const [name, { process }] of Object.entries(all.snapshots))
    t.regex(name, process.pid === pid ? /^t\.json$/ : new RegExp(`^t\\.${process.pid}(\\.\\d+)?\\.json$`));
  const none = await trace(command, ['--children=none']);
  t.deepEqual(Object.keys(none.snapshots), ['t.json']);
  const one = await trace(command, ['--children=1']);
  t.is(Object.keys(one.snapshots).length, 2);
});

const HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n';

const musl = (): string => {
  const out = join(newFolder(), 'program');
  execFileSync('musl-gcc', ['-x', 'c', '-', '-o', out], {
    input: HELLO,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  return out;
};

const canBuild = (build: () => string): boolean => {
  try {
    build();
    return true;
  } catch {
    return false;
  }
};

const for32Bits: Need = {
  what: 'a compiler for 32 bits',
  isThere: canBuild(() => compile(HELLO, 'c', '-m32')),
};

interface Kind {
  readonly build: () => string;
  readonly reason: RegExp;
  readonly needs?: readonly Need[];
}

const kinds: Readonly<Record<string, Kind>> = {
  'a static program': { build: () => compile(HELLO, 'c', '-static'), reason: /linked statically/ },
  'a program with a sanitizer': {
    build: () => compile(HELLO, 'c', '-fsanitize=address'),
    reason: /sanitizer/,
  },
  'a 32-bit program': {
    build: () => compile(HELLO, 'c', '-m32'),
    reason: /another architecture/,
    needs: [for32Bits],
  },
  'a musl program': { build: musl, reason: /another C library/, needs: [installed('musl-gcc')] },
};

for (const [what, { build, reason, needs = [] }] of Object.entries(kinds))
  where(...needs)(`${what} among the children runs unharmed and is named with the reason`, async (t) => {
    const child = build();
    const ran = await trace(['sh', '-c', `${child}; exit 4`]);
    t.is(ran.code, 4);
    t.is(ran.stdout, 'hello\n');
    t.regex(ran.stderr, reason);
    t.is(snapshotOf(ran).capture.untracedChildren, 1);
    t.notRegex(ran.stderr, /ERROR: ld\.so|object .* cannot be preloaded/);
  });

where(namespaces)(
  'no pid of another pid namespace stands where pids of this one do, nor in the name of a file',
  async (t) => {
    const children = 25;
    const script = `for i in $(seq ${children}); do /bin/true; done; exit 4`;
    const ran = await trace(['unshare', '-p', '-f', 'sh', '-c', script], ['--limit', '0']);
    t.is(ran.code, 4);
    const unknown = Object.entries(ran.snapshots).filter(([, snapshot]) => snapshot.process.pid === 0);
    for (const [name, { notes }] of unknown) {
      t.regex(name, /^t\.unknown-\d+\.json$/);
      t.regex(notes?.join() ?? '', /it was pid \d+ of another pid namespace/);
      t.regex(ran.stderr, /^ +\? {2}\S*true: exited with 0/m);
    }
    // Those in there start with 1, and ours has come after the test itself.
    const pids = Object.values(ran.snapshots).map(({ process }) => process.pid);
    t.deepEqual(
      pids.filter((pid) => pid > 0 && pid <= Math.min(children + 3, process.pid)),
      [],
    );
    t.true(pids.length > children);
  },
);

test('a child that cannot be traced is counted by its ancestors, not by other processes of the run', async (t) => {
  const still = compile(HELLO, 'c', '-static');
  const ran = await trace(['sh', '-c', `sh -c '${still}; exit 3'; /bin/echo; exit 4`]);
  t.is(ran.code, 4);
  const counted = (name: RegExp): readonly (number | undefined)[] =>
    Object.values(ran.snapshots)
      .filter(({ process }) => name.test(process.command.join(' ')))
      .map(({ capture }) => capture.untracedChildren);
  t.is(snapshotOf(ran).capture.untracedChildren, 1);
  t.deepEqual(counted(/exit 3$/).at(0), 1);
  t.deepEqual(counted(/echo$/), [0]);
});

test('names never come from a library that was mapped where another one was', async (t) => {
  const folder = newFolder();
  const library = (name: string) =>
    execFileSync(
      'cc',
      ['-shared', '-fPIC', '-O1', '-fno-builtin', '-x', 'c', '-', '-o', join(folder, `lib${name}.so`)],
      {
        input: `#include <stdlib.h>\nvoid *${name}(void) { void *p = malloc(${name === 'red' ? 10 : 20}); *(volatile char *)p = 1; return p; }\n`,
      },
    );
  library('red');
  library('blue');
  const loader = compile(
    `#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
    for (int i = 0; i < 200; i++) {
        char path[4096];
        const char *name = i % 2 ? "blue" : "red";
        snprintf(path, sizeof path, "%s/lib%s.so", argv[1], name);
        void *library = dlopen(path, RTLD_NOW);
        if (!library)
            return 1;
        ((void *(*)(void))dlsym(library, name))();
        dlclose(library);
    }
    return argc - 2;
}
`,
    'c',
    '-O1',
  );
  const ran = await trace([loader, folder]);
  t.is(ran.code, 0);
  const snapshot = snapshotOf(ran);
  const found: Record<string, { blocks: number; bytes: number }> = {};
  for (const site of snapshot.sites) {
    const name = snapshot.frames[snapshot.stacks[site.stack].frame].function ?? '';
    if (name !== 'red' && name !== 'blue') continue;
    found[name] ??= { blocks: 0, bytes: 0 };
    found[name].blocks += site.liveBlocks;
    found[name].bytes += site.liveBytes;
  }
  t.deepEqual(found, { red: { blocks: 100, bytes: 1000 }, blue: { blocks: 100, bytes: 2000 } });
});

test('run --json tells of the other processes, traced or not', async (t) => {
  const folder = newFolder();
  const still = compile('int main(void) { return 0; }', 'c', '-static');
  const command = ['sh', '-c', `/bin/echo a; ${still}; exit 3`];
  const { code } = await run([MEMTRACE, 'run', '--no-output', '-q', '--json', 'r.json', '--', ...command], {
    cwd: folder,
  });
  t.is(code, 3);
  const report: Report = JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8'));
  t.is(faultBy('report', report), null);
  const { process, processes = [] } = report;
  const parents = processes.map((each) => each.process.parentPid);
  t.true(parents.length >= 2 && parents.every((parent) => parent === process.pid));
  const echo = processes.find((each) => each.process.command.join(' ') === '/bin/echo a');
  t.true((echo?.capture.allocations ?? 0) > 0);
  const untraced = processes.find((each) => each.process.untraced !== undefined);
  t.deepEqual(untraced?.process.command, [still]);
  t.is(untraced?.process.state, 'exited');
});

test('more processes than the daemon has descriptors for are all counted', async (t) => {
  const folder = newFolder();
  const program = 'for i in $(seq 30); do sleep 2 & done; wait';
  const command = `ulimit -n 44; exec "$0" run -o t.json --children=none --limit 0 --json r.json -- sh -c '${program}'`;
  const { code, stderr } = await run(['sh', '-c', command, MEMTRACE], { cwd: folder });
  t.is(code, 0, stderr);
  const counted = [...stderr.matchAll(/sleep 2: exited with 0, (\d+) allocations/g)].map(([, count]) =>
    Number(count),
  );
  t.is(counted.length, 30, stderr);
  t.true(
    counted.every((count) => count > 0 && count === counted[0]),
    stderr,
  );
});

test('a tree of many processes does not fill the screen: the largest are listed, and what was not traced', async (t) => {
  const still = compile('int main(void) { return 0; }', 'c', '-static');
  const script = `for i in 1 2 3 4; do "$0"; /bin/true; done`;
  const listed = async (limit: string) => {
    const { stderr } = await run([MEMTRACE, 'run', '--no-output', limit, '--', 'sh', '-c', script, still]);
    return stderr.slice(stderr.indexOf('Other processes: ')).split('\n');
  };
  const few = (await listed('--limit=3')).filter((line) => line.startsWith('  ')).slice(0, 7);
  t.is(few.filter((line) => line.includes('/bin/true')).length, 3);
  t.is(few.filter((line) => line.includes('not traced: it is linked statically')).length, 3);
  t.regex(
    few[6] ?? '',
    / and 2 more, 1 of them not traced: [\d,]+ allocations, live .* \(--limit 0 lists all\)$/,
  );
  const all = await listed('--limit=0');
  t.is(all[0], 'Other processes: 8');
  t.is(all.filter((line) => /\/bin\/true|not traced/.test(line)).length, 8);
});

test('a small program that a large one starts is not shown with the memory of the large one', async (t) => {
  const starter = compile(
    `#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
extern char **environ;
int main(void) {
    int status;
    pid_t pid;
    char *words[] = {"true", NULL};
    memset(malloc(200 << 20), 1, 200 << 20);
    posix_spawn(&pid, "/bin/true", NULL, NULL, words, environ);
    wait(&status);
    return status;
}
`,
    'c',
    '-O0',
  );
  const ran = await trace([starter]);
  t.is(ran.code, 0);
  t.true(snapshotOf(ran).totals.peakRssBytes > 200 << 20);
  const child = Object.values(ran.snapshots).find(({ process }) => process.command[0] === 'true');
  t.true(
    child && child.totals.peakRssBytes > 0 && child.totals.peakRssBytes < 50 << 20,
    `${child?.totals.peakRssBytes}`,
  );
});
