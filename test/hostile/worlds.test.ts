/** Sandboxes, jails, namespaces, and machines on which everything is scarce. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Snapshot } from '../../proto/snapshot.js';
import { newFolder } from '../folders.js';
import { MEMTRACE } from '../places.js';
import { type Need, namespaces, root, userNamespaces, where } from '../where.js';
import { build, exact, run, stacksOf, trace, unchanged } from './support.js';

const program = async (name: string, count: number): Promise<readonly string[]> => [
  await build('worlds.c'),
  name,
  String(count),
];

const asRoot = where(root);
const inNamespaces = where(namespaces);

// The witness asks for its pid, which would be fatal here: the program's own statement has to do.
for (const [title, name] of [
  ['a strict seccomp sandbox', 'strict'],
  ['a seccomp filter that kills for anything but reading, writing and mapping', 'filter'],
  ['the same filter, by a bare system call', 'filter-by-system-call'],
] as const)
  for (const count of [500, 200_000])
    test(`${title}, ${count} allocations: nothing of ours is fatal, and all is counted`, async (t) => {
      const command = await program(name, count);
      const bare = await run(command);
      const { code, stdout, stderr, main } = await trace(command);
      t.deepEqual({ code, stdout, stderr }, bare);
      t.deepEqual({ code, stdout }, { code: 3, stdout: 'alive\n' });
      const kept = name === 'strict' ? 1 : 0;
      t.is(main.capture.allocations, 2 * count + 101 + kept);
      t.is(main.capture.frees, 2 * count + 101);
      t.is(main.capture.lost, 0);
      const depths = stacksOf(main, () => true).map(
        (names) => names.filter((each) => each === 'deep').length,
      );
      t.is(Math.max(...depths), 101);
    });

for (const [title, name, count] of [
  ['a program that closes all descriptors', 'close-all', 2000],
  ['a program that has no descriptor left', 'all-descriptors', 2000],
  ['a program among whose descriptors no other may turn up', 'watched', 20_000],
] as const)
  test(`${title}: new threads are still counted exactly`, async (t) => {
    await exact(t, await program(name, count));
  });

const childIsTold = async (t: ExecutionContext, command: readonly string[]): Promise<void> => {
  const { counts, snapshots, main } = await unchanged(t, command);
  t.is(snapshots.length, 1);
  const [own] = counts.filter(({ pid }) => pid === main.process.pid);
  t.deepEqual(
    { allocations: main.capture.allocations, frees: main.capture.frees, lost: main.capture.lost },
    { allocations: own?.allocations ?? -1, frees: own?.frees ?? -1, lost: 0 },
  );
  t.is(main.capture.untracedChildren, 1);
};

test('files limited to a few KiB: no signal, threads are counted, the child is told', async (t) => {
  await childIsTold(t, await program('file-size', 5000));
});
asRoot('chroot: threads are counted, a child that cannot reach the session is told', async (t) => {
  await childIsTold(t, await program('jail', 2000));
});
asRoot('chroot: the RSS is what it was when somebody last looked, not 0', async (t) => {
  const { main } = await trace(await program('jail', 2000));
  t.true(main.totals.rssBytes > 100_000, `${main.totals.rssBytes}`);
});
asRoot('chroot: a child whose name is not known is listed as such, not by an empty one', async (t) => {
  const { stderr } = await run([MEMTRACE, 'run', '--no-output', '--', ...(await program('jail', 2000))]);
  t.regex(stderr, /^ +\d+ {2}'?\(name unknown\)'?: not traced: /m);
});
asRoot('dropped privileges, and then exec: no complaint of the loader', async (t) => {
  await childIsTold(t, await program('drop-privileges', 2000));
});

/** The report is about what the program was until then, and says what it became. */
const becomes = async (t: ExecutionContext, command: readonly string[], what: RegExp): Promise<void> => {
  const bare = await run(command);
  const out = join(newFolder(), 't.json');
  const { code, stdout, stderr } = await run([MEMTRACE, 'run', '-o', out, '--', ...command]);
  t.deepEqual({ code, stdout }, { code: bare.code, stdout: bare.stdout });
  t.notRegex(stderr, /ld\.so/);
  t.regex(stderr.replaceAll(/\s+/g, ' '), what);
  const { process, capture }: Snapshot = JSON.parse(readFileSync(out, 'utf8'));
  t.is(process.command[0], command[0]);
  t.true(capture.allocations > 0);
};
asRoot('a program that becomes one of another user, which cannot reach the session', async (t) => {
  const command = ['setpriv', '--reuid=65534', '--clear-groups', 'sh', '-c', 'ls / >/dev/null; exit 4'];
  await becomes(t, command, /the program became \S*sh, which was not traced: it runs as another user/);
});
test('a program that becomes a static one', async (t) => {
  const still = await build('worlds.c', 'worlds-static', '-static');
  const command = ['sh', '-c', `exec ${still} plain 10`];
  await becomes(t, command, /the program became \S*worlds-static, which was not traced: it is linked stat/);
});

inNamespaces('mount, pid, ipc, net and uts namespaces of its own', async (t) => {
  const command = ['unshare', '-m', '-p', '-i', '-n', '-u', '-f', ...(await program('plain', 5000))];
  const { snapshots } = await unchanged(t, command);
  t.deepEqual(
    snapshots.map(({ capture }) => capture.lost + capture.unknownFrees),
    snapshots.map(() => 0),
  );
  t.true(snapshots.some(({ capture }) => capture.allocations >= 5000));
});

/** With /dev/shm of another size, in a mount namespace. */
const withSharedMemory = (size: string, command: readonly string[]): readonly string[] => [
  ...['unshare', '-m', 'sh', '-c', `mount -t tmpfs -o size=${size} tmpfs /dev/shm && exec "$@"`, 'sh'],
  ...command,
];
for (const size of ['8k', '64k', '1m', '4m'])
  inNamespaces(`/dev/shm of ${size}: the program is unharmed, and what is not counted is told`, async (t) => {
    const command = await program('plain', 100_000);
    const folder = newFolder();
    const out = join(folder, 't.json');
    const { code, stdout, stderr } = await run(
      withSharedMemory(size, [MEMTRACE, 'run', '-o', out, '--', ...command]),
    );
    t.deepEqual({ code, stdout }, { code: code === 125 ? 125 : 5, stdout: code === 125 ? '' : 'end\n' });
    if (code === 125) t.regex(stderr, /\/dev\/shm|No space/);
    else if (existsSync(out)) {
      const { allocations, frees, lost } = JSON.parse(readFileSync(out, 'utf8')).capture;
      t.true(allocations + frees + lost >= 200_000, JSON.stringify({ allocations, frees, lost }));
    } else t.regex(stderr, /not traced/);
  });

inNamespaces('no /dev/shm at all: the run says so and is traced on disk', async (t) => {
  const folder = newFolder();
  const out = join(folder, 't.json');
  const bind = (name: string) => `touch ${folder}/${name} && mount --bind /dev/${name} ${folder}/${name}`;
  const script = `mount -t tmpfs tmpfs ${folder} && ${['null', 'zero', 'urandom', 'tty'].map(bind).join(' && ')} && mount --move ${folder} /dev && exec "$@"`;
  const { code, stdout, stderr } = await run([
    ...['unshare', '-m', 'sh', '-c', script, 'sh', MEMTRACE, 'run', '-o', out, '--'],
    ...(await program('plain', 1000)),
  ]);
  t.deepEqual({ code, stdout }, { code: 5, stdout: 'end\n' }, stderr);
  t.regex(stderr, /\/dev\/shm has no room/);
  t.true(JSON.parse(readFileSync(out, 'utf8')).capture.allocations >= 1000);
});

inNamespaces(
  'a child with a /dev/shm of its own does not wait for a reader for ever, and is told',
  async (t) => {
    const command = [await build('elsewhere.c')];
    const { main } = await unchanged(t, command);
    t.is(main.capture.untracedChildren, 1);
    const { stderr } = await run([MEMTRACE, 'run', '--no-output', '--', ...command]);
    t.regex(stderr.replaceAll(/\s+/g, ' '), /not traced: its shared memory is not where the daemon looks/);
  },
);

where(userNamespaces)('a user namespace of its own, in which it is root', async (t) => {
  const command = ['unshare', '-U', '-r', ...(await program('plain', 5000))];
  const { snapshots } = await unchanged(t, command);
  t.true(snapshots.some(({ capture }) => capture.allocations >= 5000 && capture.lost === 0));
});

test('stdout and stderr closed: the program ends as ever, and the snapshot is written', async (t) => {
  const out = join(newFolder(), 't.json');
  const { code } = await run([
    ...['sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh', MEMTRACE, 'run', '-o', out, '--'],
    ...(await program('plain', 100)),
  ]);
  t.is(code, 5);
  t.true(JSON.parse(readFileSync(out, 'utf8')).capture.allocations >= 100);
});

test('a limit on processes that leaves none for the program’s children: it fails as it would untraced', async (t) => {
  const command = [
    'prlimit',
    '--nproc=1',
    'bash',
    '-c',
    'x=$(ls / | wc -l); test -n "$x" && echo some; exit 4',
  ];
  await unchanged(t, command);
});

inNamespaces(
  'a full disk for the snapshot: the program’s exit code, the reason, and no half a file',
  async (t) => {
    const folder = newFolder();
    const script = `mount -t tmpfs -o size=4k tmpfs ${folder} && cd ${folder} && "$@"; code=$?; ls -A | sed "s/^/left: /" >&2; exit $code`;
    const command = [MEMTRACE, 'run', '-o', 't.json', '--', ...(await program('plain', 1000))];
    const { code, stdout, stderr } = await run(['unshare', '-m', 'sh', '-c', script, 'sh', ...command]);
    t.is(code, 5);
    t.is(stdout, 'end\n');
    t.regex(stderr, /no space left|disk is full|ENOSPC/i);
    t.notRegex(stderr, /^left: /m);
  },
);

inNamespaces('a folder that may only be read', async (t) => {
  const folder = newFolder();
  const script = `mount -t tmpfs -o ro tmpfs ${folder} && cd ${folder} && exec "$@"`;
  const { code, stdout } = await run([
    ...['unshare', '-m', 'sh', '-c', script, 'sh', MEMTRACE, 'run', '--'],
    ...(await program('plain', 10)),
  ]);
  t.is(stdout, code === 5 ? 'end\n' : '');
  t.true(code === 5 || code === 125 || code === 2);
});

test('address space limited from the start', async (t) => {
  const command = ['prlimit', '--as=300000000', ...(await program('plain', 50_000))];
  const { snapshots } = await unchanged(t, command);
  t.true(snapshots.some(({ capture }) => capture.allocations >= 50_000));
});

asRoot('a system that promises no more memory than it has: memtrace asks for little of it', async (t) => {
  const mode = join(newFolder(), 'overcommit_memory');
  writeFileSync(mode, '2\n');
  const script = `mount --bind ${mode} /proc/sys/vm/overcommit_memory && exec "$@"`;
  const { stdout } = await run([
    ...['unshare', '-m', 'sh', '-c', script, 'sh', MEMTRACE, 'run', '-q', '--no-output', '--'],
    ...['grep', 'VmData', '/proc/self/status'],
  ]);
  const kib = Number(/^VmData:\s+(\d+) kB$/m.exec(stdout)?.[1]);
  t.true(kib > 0 && kib < 32 * 1024, stdout);
});

test('a umask that takes all rights: the program and its children are traced, and the snapshots can be read', async (t) => {
  // Root may open what it has no right to, but for this.
  const asOthers = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];
  const script = 'umask 777; exec "$@"';
  const out = join(newFolder(), 't.json');
  const inner = ['sh', '-c', 'x=$(ls /); test -n "$x" && echo some; exit 4'];
  const command = ['sh', '-c', script, 'sh', MEMTRACE, 'run', '-o', out, '--', ...inner];
  const { code, stdout, stderr } = await run([...(process.getuid?.() === 0 ? asOthers : []), ...command]);
  t.deepEqual({ code, stdout }, { code: 4, stdout: 'some\n' }, stderr);
  t.notRegex(stderr, /not traced/);
  t.true(JSON.parse(readFileSync(out, 'utf8')).capture.allocations > 0);
  t.is(statSync(out).mode & 0o777, 0o600);
});

asRoot('a setuid child runs untraced, as another user would see it, and is named', async (t) => {
  const folder = newFolder();
  const copy = join(folder, 'setuid');
  copyFileSync('/bin/echo', copy);
  await run(['chown', 'nobody', copy]);
  await run(['chmod', '4755', copy]);
  const { code, stdout, main } = await trace(['sh', '-c', `${copy} hello; exit 6`]);
  t.deepEqual({ code, stdout }, { code: 6, stdout: 'hello\n' });
  t.is(main.capture.untracedChildren, 1);
});

test('ulimit -v in a shell does not take the shell’s own memory', async (t) => {
  const script =
    'ulimit -v 400000; x=$(head -c 100000 /dev/zero | tr "\\\\0" x); echo -n $x | wc -c; ls / >/dev/null; exit 4';
  const { code, stdout } = await unchanged(t, ['bash', '-c', script]);
  t.deepEqual({ code, stdout }, { code: 4, stdout: '100000\n' });
});

/** A control group whose memory is limited; null where that is not ours to make. */
const memoryLimitedGroup = (bytes: number): string | null => {
  for (const [parent, file] of [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ['/sys/fs/cgroup', 'memory.max'],
  ] as const) {
    const group = join(parent, `memtrace-test-${process.pid}`);
    try {
      if (!existsSync(join(parent, 'cgroup.procs'))) continue;
      mkdirSync(group);
      writeFileSync(join(group, file), String(bytes));
      process.on('exit', () => rmdirSync(group));
      return group;
    } catch {
      // not allowed, or not delegated
    }
  }
  return null;
};

const group = memoryLimitedGroup(64 << 20);
const limitedGroup: Need = {
  what: 'the right to limit the memory of a control group',
  isThere: group !== null,
};

where(limitedGroup)(
  'killed for want of memory in its container: what it had allocated is reported',
  async (t) => {
    const script = `echo $$ >${group}/cgroup.procs && exec "$@"`;
    const command = ['sh', '-c', script, 'sh', ...(await program('hog', 4096))];
    const { code, stdout, snapshots } = await trace(command);
    t.deepEqual({ code, stdout }, { code: 137, stdout: 'eating\n' });
    const hog = snapshots.find(({ process: { executable } }) => executable.endsWith('worlds'));
    t.is(hog?.process.signal, 'SIGKILL');
    const live = hog?.totals.liveBytes ?? 0;
    t.true(live > 20 << 20 && live < 64 << 20, `${live}`);
    t.is(hog?.capture.lost, 0);
  },
);

test('a clock that jumps by years: all is counted, and no time is off by more than the run took', async (t) => {
  const preload = await build('clock_jumps.c', 'libclock_jumps.so', '-shared', '-fPIC');
  const folder = newFolder();
  const out = join(folder, 't.json');
  const node = join(folder, 'node'); // the daemon gets nobody's preload
  writeFileSync(node, `#!/bin/sh\nLD_PRELOAD=${preload} exec ${process.execPath} "$@"\n`, { mode: 0o755 });
  const command = [MEMTRACE, 'run', '-o', out, '--', await build('soak.c', 'soak', '-O2'), '3'];
  const began = performance.now();
  const { code, stderr } = await run(command, { env: { MEMTRACE_NODE: node } });
  const took = performance.now() - began;
  t.is(code, 0);
  const snapshot = JSON.parse(readFileSync(out, 'utf8')) as Snapshot;
  const { capture, totals, timeline } = snapshot;
  t.true(capture.allocations >= 3_000_000 && capture.lost === 0);
  t.true(totals.peakAtMs >= 0 && totals.peakAtMs <= took, `peak after ${totals.peakAtMs} ms`);
  const times = timeline?.map(({ ms }) => ms) ?? [];
  t.true(times.length > 2 && Math.max(...times) <= took, times.join(' '));
  t.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  const { startedAt, takenAt } = snapshot.process;
  const elapsed = Date.parse(takenAt) - Date.parse(startedAt);
  t.true(elapsed > Math.max(...times) - 2 && elapsed <= took, `from ${startedAt} to ${takenAt}`);
  t.regex(stderr, /exited with 0 after [\d.]+ m?s/);
});

test('nothing is left behind in shared memory or in the session folder', async (t) => {
  const runtime = newFolder();
  const { code } = await run([MEMTRACE, 'run', '-q', '--no-output', '--', ...(await program('plain', 10))], {
    env: { XDG_RUNTIME_DIR: runtime },
  });
  t.is(code, 5);
  t.deepEqual(readdirSync(join(runtime, 'memtrace')), []);
});
