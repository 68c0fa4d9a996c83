/** How a run ends, whoever of program, daemon and launcher ends first: by what a shell would see of it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { newFolder } from '../folders.js';
import { MEMTRACE } from '../places.js';
import { isRunning } from '../processes.js';
import { until } from '../until.js';
import { memtrace, run, start, traced } from './support.js';

test('the exit code of the program is the exit code of memtrace', async (t) => {
  t.is((await traced('true')).code, 0);
  t.is((await traced('sh', '-c', 'exit 7')).code, 7);
  t.is((await traced('sh', '-c', 'exit 255')).code, 255);
});

test('a program that crashes ends memtrace with 128 + signal, after the report', async (t) => {
  const { code, stderr } = await traced('sh', '-c', 'kill -SEGV $$');
  t.is(code, 139);
  t.regex(stderr, /memtrace: sh .*(signal 11|SIGSEGV)/);
});

test("what the program prints is its own: nothing of memtrace's on stdout", async (t) => {
  const { stdout } = await traced('echo', 'hello');
  t.is(stdout, 'hello\n');
});

test('a daemon that is killed costs the report, not the program', async (t) => {
  const runtime = newFolder();
  const program = start(
    MEMTRACE,
    ['run', '--no-output', 'sh', '-c', 'echo ready; read line; echo $line; exit 5'],
    {
      env: { ...process.env, XDG_RUNTIME_DIR: runtime },
    },
  );
  await program.said(/ready/);
  process.kill(daemonPid(runtime), 'SIGKILL');
  program.process.stdin?.end('still here\n');
  const { code, stdout, stderr } = await program.outcome;
  t.is(code, 5);
  t.is(stdout, 'ready\nstill here\n');
  t.regex(stderr, /daemon was killed/);
  t.deepEqual(await sessions(runtime), ['abandoned']);
  await run(MEMTRACE, ['clean'], { env: { ...process.env, XDG_RUNTIME_DIR: runtime } });
  t.deepEqual(await sessions(runtime), []);
});

test('a launcher that is killed takes nothing with it: the program goes on and the session is cleaned up', async (t) => {
  const runtime = newFolder();
  const program = start(MEMTRACE, ['run', '--no-output', 'sh', '-c', 'echo ready; read line; echo $line'], {
    env: { ...process.env, XDG_RUNTIME_DIR: runtime },
  });
  await program.said(/ready/);
  const daemon = daemonPid(runtime);
  process.kill(program.pid, 'SIGKILL');
  program.process.stdin?.end('still here\n');
  t.is((await program.outcome).stdout, 'ready\nstill here\n');
  await until(() => !isRunning(daemon));
  t.deepEqual(await sessions(runtime), []);
});

test('a daemon that fails while the program runs says so and ends; the program runs on', async (t) => {
  const folder = newFolder();
  writeFileSync(
    join(folder, 'fault.cjs'),
    `setInterval(() => { if (require('fs').existsSync('${folder}/now')) throw new Error('made for a test'); }, 20);`,
  );
  const node = join(folder, 'node');
  writeFileSync(node, `#!/bin/sh\nexec '${process.execPath}' --require ${folder}/fault.cjs "$@"\n`, {
    mode: 0o755,
  });
  const program = start(MEMTRACE, ['run', '--no-output', 'sh', '-c', 'echo ready; read line; exit 5'], {
    env: { ...process.env, MEMTRACE_NODE: node, XDG_RUNTIME_DIR: folder },
  });
  await program.said(/ready/);
  const daemon = daemonPid(folder);
  writeFileSync(join(folder, 'now'), '');
  await until(() => !isRunning(daemon));
  program.process.stdin?.end('still here\n');
  const { code, stderr } = await program.outcome;
  t.is(code, 5);
  t.regex(stderr, /a fault of memtrace's own: made for a test/);
});

test('a daemon that cannot start stops everything before the program runs', async (t) => {
  const env = { ...process.env, MEMTRACE_NODE: '/nonexistent/node' };
  const { code, stdout, stderr } = await run(MEMTRACE, ['run', 'echo', 'ran'], { env });
  t.is(code, 125);
  t.is(stdout, '');
  t.regex(stderr, /cannot start\n {2}why: .*\n {2}try: .*MEMTRACE_NODE/);
});

test('help and version go to stdout, also those of run', async (t) => {
  t.regex((await memtrace('--help')).stdout, /Examples:[\s\S]*Commands:/);
  t.regex((await memtrace('run', '--help')).stdout, /Examples:[\s\S]*--allow-untraced/);
  t.regex((await memtrace('--version')).stdout, /^memtrace \d/);
});

const daemonPid = (runtime: string): number => {
  const [id] = readdirSync(join(runtime, 'memtrace'));
  return JSON.parse(readFileSync(join(runtime, 'memtrace', id ?? '', 'session.json'), 'utf8')).daemonPid;
};

/** States of the sessions in this runtime folder. */
const sessions = async (runtime: string): Promise<readonly string[]> => {
  const { stdout } = await run(MEMTRACE, ['ls', '--json'], {
    env: { ...process.env, XDG_RUNTIME_DIR: runtime },
  });
  return JSON.parse(stdout)
    .sessions.filter(({ socket }: { socket: string }) => socket.startsWith(runtime))
    .map(({ state }: { state: string }) => state);
};
