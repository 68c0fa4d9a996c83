/** What a program finds at its start is what it finds without memtrace: surroundings.c prints all of it. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { MEMTRACE, program } from '../places.js';
import { childWith } from '../processes.js';
import { run, start } from './support.js';

const SURROUNDINGS = program('surroundings');
const TRACED = [MEMTRACE, 'run', '--no-output', '-q', '--'];

/** Facts without the one that memtrace changes. */
const facts = (stdout: string): readonly string[] =>
  stdout.split('\n').filter((line) => !line.startsWith('environment LD_PRELOAD='));

test('a program sees the descriptors, limits, signals, group and environment of its caller', async (t) => {
  const bare = await run(SURROUNDINGS, ['one', '--two']);
  const traced = await run(TRACED[0] ?? '', [...TRACED.slice(1), SURROUNDINGS, 'one', '--two']);
  t.is(traced.code, 0, traced.stderr);
  t.true(facts(bare.stdout).length > 80);
  t.deepEqual(facts(traced.stdout), facts(bare.stdout));
});

test('closed stdin, odd descriptors, a low limit, ignored and blocked signals reach the program as they are', async (t) => {
  const bare = await run(SURROUNDINGS, ['--strange', SURROUNDINGS]);
  const traced = await run(SURROUNDINGS, ['--strange', ...TRACED, SURROUNDINGS]);
  t.is(traced.code, 0, traced.stderr);
  t.regex(bare.stdout, /^descriptor 9 /m);
  t.notRegex(bare.stdout, /^descriptor 0 /m);
  t.regex(bare.stdout, /^signal 2 ignored/m);
  t.regex(bare.stdout, /^signal 10 default blocked/m);
  t.deepEqual(facts(traced.stdout), facts(bare.stdout));
});

test('a library that the caller preloads is still preloaded, behind the shim', async (t) => {
  const env = { ...process.env, LD_PRELOAD: '/old/libmemtrace.so:libm.so.6 libdl.so.2' };
  const { stdout } = await run(MEMTRACE, ['run', '--no-output', '-q', 'env'], { env });
  t.regex(stdout, /^LD_PRELOAD=\/[^:]+\/libmemtrace\.so:libm\.so\.6:libdl\.so\.2$/m);
  t.notRegex(stdout, /MEMTRACE_(?!SLOW|CACHE_DIR)/);
});

test('what a Node.js program is to say of itself (NODE_DEBUG), memtrace does not say of its own', async (t) => {
  const env = { ...process.env, NODE_DEBUG: 'timer' };
  const { code, stderr } = await run(MEMTRACE, ['run', '--no-output', '-q', 'true'], { env });
  t.deepEqual({ code, stderr }, { code: 0, stderr: '' });
});

test('a service finds the sockets and the watchdog that systemd gives it, by its own number', async (t) => {
  const names = ['LISTEN_PID', 'WATCHDOG_PID', 'SYSTEMD_EXEC_PID'];
  const given = names.map((name) => `${name}=$$`).join(' ');
  const asked = names.map((name) => `test $${name} = $$`).join(' && ');
  const script = `${given} exec ${TRACED.join(' ')} sh -c '${asked}'`;
  t.is((await run('sh', ['-c', script])).code, 0);
  const ofAnother = `LISTEN_PID=1 exec ${TRACED.join(' ')} sh -c 'test $LISTEN_PID = 1'`;
  t.is((await run('sh', ['-c', ofAnother])).code, 0);
});

test('a program is found and named as execvp does', async (t) => {
  const { stdout, code } = await run(MEMTRACE, [
    'run',
    '-q',
    '--no-output',
    'sh',
    '-c',
    'echo $0 "$@"',
    'x',
    '-o',
    '--',
  ]);
  t.is(code, 0);
  t.is(stdout, 'x -o --\n');
});

test('a pipe that the program closes is closed, though the launcher lives on', async (t) => {
  const script = 'exec >&-; cat >/dev/null';
  const bash = `{ ${TRACED.join(' ')} sh -c '${script}' <&3 | { cat; echo closed >&4; }; } 3<&0 4>&1`;
  const { process: child, said, outcome } = (await import('./support.js')).start('sh', ['-c', bash]);
  await said(/closed/); // while the program still reads its stdin
  child.stdin?.end();
  t.is((await outcome).code, 0);
});

test('a hard limit on addresses that is too small is told of, where Node.js would hang', async (t) => {
  const start = `ulimit -v 700000; exec "$0" run --no-output -- true`;
  const { code, stderr } = await run('sh', ['-c', start, MEMTRACE]);
  t.is(code, 125);
  t.regex(
    stderr,
    /hard limit\n {2}why: it may have 683 MiB of addresses and needs \d+ MiB.*\n {2}try: .*-Sv/,
  );
});

test('limits that are too small for memtrace are the program’s alone', async (t) => {
  const limits = 'ulimit -S -v 300000; ulimit -S -n 64';
  const program = 'ulimit -v; ulimit -n; exit 3';
  const { code, stdout, stderr } = await run('sh', [
    '-c',
    `${limits}; exec "$0" run --no-output -- sh -c '${program}'`,
    MEMTRACE,
  ]);
  t.is(stdout, '300000\n64\n');
  t.is(code, 3, stderr);
  t.regex(stderr, /allocations +\d/);
  t.notRegex(stderr, /overwrote/);
});

test('a limit on processor time is for each process of the tree, and does not end the daemon, which reads them all', async (t) => {
  const script = `ulimit -S -t 1000; exec ${TRACED.join(' ')} sh -c 'ulimit -t; read line'`;
  const traced = start('sh', ['-c', script]);
  await traced.said(/^1000$/m);
  const limits = readFileSync(`/proc/${childWith(traced.pid, 'memtrace.cjs')}/limits`, 'utf8');
  const [, soft, hard] = /^Max cpu time +(\S+) +(\S+)/m.exec(limits) ?? [];
  t.is(soft, hard);
  traced.process.stdin?.end();
  await traced.outcome;
});

test('the core file of a program that crashes is not larger by what memtrace has mapped in it', async (t) => {
  const map = '/proc/self/smaps';
  const bare = await run('cat', [map]);
  const traced = await run(TRACED[0] ?? '', [...TRACED.slice(1), 'cat', map]);
  t.true(dumpedKiB(bare.stdout) > 100);
  t.true(dumpedKiB(traced.stdout) < dumpedKiB(bare.stdout) + 4096);
});

/** What can be written and is not marked `dd`, by the sizes of the mappings: a pipe gets their holes, too. */
const dumpedKiB = (map: string): number =>
  [...map.matchAll(/^Size: +(\d+) kB$.*?^VmFlags: ([^\n]*)$/gms)]
    .filter(([, , flags = '']) => / wr /.test(flags) && !/ dd/.test(flags))
    .reduce((sum, [, size]) => sum + Number(size), 0);
