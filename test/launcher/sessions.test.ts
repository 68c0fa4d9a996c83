/** Sessions as other commands see them: listed, asked and cleaned up, by what is left in their folders. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { newFolder } from '../folders.js';
import { MEMTRACE } from '../places.js';
import { childWith } from '../processes.js';
import { faultBy } from '../schemas.js';
import { run, start } from './support.js';

interface Listed {
  readonly id: string;
  readonly pid: number;
  readonly command: readonly string[];
  readonly state: string;
  readonly socket: string;
}

const environment = (runtime: string): NodeJS.ProcessEnv => ({ ...process.env, XDG_RUNTIME_DIR: runtime });

const listed = async (runtime: string): Promise<readonly Listed[]> => {
  const { stdout } = await run(MEMTRACE, ['ls', '--json'], { env: environment(runtime) });
  return JSON.parse(stdout).sessions.filter(({ socket }: Listed) => socket.startsWith(runtime));
};

const sharedMemoryOf = (runtime: string, id: string): string =>
  JSON.parse(readFileSync(join(runtime, 'memtrace', id, 'session.json'), 'utf8')).shmDirectory;

test('what ls and doctor print as JSON is what their schemas say', async (t) => {
  const env = environment(newFolder());
  const program = start(MEMTRACE, ['run', '-q', '--no-output', 'sh', '-c', 'echo ready; read line'], { env });
  await program.said(/ready/);
  const sessions = (await run(MEMTRACE, ['ls', '--json'], { env })).stdout;
  t.is(JSON.parse(sessions).sessions.length > 0, true);
  t.is(faultBy('sessions', JSON.parse(sessions)), null);
  const doctor = await run(MEMTRACE, ['doctor', '--json', 'sh']);
  t.is(faultBy('doctor', JSON.parse(doctor.stdout)), null);
  program.process.stdin?.end();
  await program.outcome;
});

test('a running session is listed, and nothing is left of it when it has ended', async (t) => {
  const runtime = newFolder();
  const program = start(MEMTRACE, ['run', '-q', '--no-output', 'sh', '-c', 'echo ready $$; read line'], {
    env: environment(runtime),
  });
  const [, pid] = await program.said(/ready (\d+)/);
  const [session, ...others] = await listed(runtime);
  t.is(others.length, 0);
  t.like(session, { pid: Number(pid), state: 'running', command: ['sh', '-c', 'echo ready $$; read line'] });
  const folder = sharedMemoryOf(runtime, session?.id ?? '');
  t.true(existsSync(folder));
  program.process.stdin?.end();
  await program.outcome;
  t.deepEqual(readdirSync(join(runtime, 'memtrace')), []);
  t.false(existsSync(folder));
});

test('a process that outlives its session can still start programs without complaints', async (t) => {
  const runtime = newFolder();
  const gate = join(runtime, 'gate');
  execFileSync('mkfifo', [gate]);
  const script = `{ read line <${gate}; ls / >/dev/null; echo from the child >&2; } &`;
  const program = start(MEMTRACE, ['run', '-q', '--no-output', 'sh', '-c', script], {
    env: environment(runtime),
  });
  await new Promise((resolve) => program.process.on('exit', resolve));
  const [left] = readdirSync(join(runtime, 'memtrace'));
  t.true(existsSync(join(sharedMemoryOf(runtime, left ?? ''), 'libmemtrace.so')));
  const kept = await run(MEMTRACE, ['clean'], { env: environment(runtime) });
  t.regex(kept.stderr, new RegExp(`left ${runtime}/memtrace/${left}: `));
  writeFileSync(gate, 'go on\n');
  t.is((await program.outcome).stderr, 'from the child\n');
  await run(MEMTRACE, ['clean'], { env: environment(runtime) });
  t.deepEqual(readdirSync(join(runtime, 'memtrace')), []);
});

test('snapshots taken one after the other each get a name that is free', async (t) => {
  const runtime = newFolder();
  const env = environment(runtime);
  const program = start(MEMTRACE, ['run', '-q', '--no-output', 'sh', '-c', 'echo ready $$; read line'], {
    env,
  });
  const [, pid = ''] = await program.said(/ready (\d+)/);
  const folder = newFolder();
  const dumps = 4; // some of them within one second
  for (let n = 0; n < dumps; n += 1) {
    const { code, stderr } = await run(MEMTRACE, ['dump', pid], { env, cwd: folder });
    t.is(code, 0, stderr);
  }
  t.is(readdirSync(folder).length, dumps);
  program.process.stdin?.end();
  await program.outcome;
});

test('the address for viewers is told once, with its token', async (t) => {
  const { code, stderr } = await run(MEMTRACE, ['run', '-q', '--no-output', '--listen=127.0.0.1:0', 'true']);
  t.is(code, 0);
  const [, token = ''] = stderr.match(/^memtrace: viewers: \S+\?token=(\S+)\n$/) ?? [];
  t.true(token.length > 20, stderr);
});

test('a port that is taken: the program runs, and its report says why nobody can look and what to do', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
  const { code, stdout, stderr } = await run(MEMTRACE, [
    'run',
    '--no-output',
    '--listen',
    address,
    'echo',
    'ran',
  ]);
  taken.close();
  t.is(code, 0);
  t.is(stdout, 'ran\n');
  const said = stderr.replace(/\s+/g, ' ');
  t.true(
    said.includes(`cannot listen on ${address}. Another process listens there already. Take another port`),
    said,
  );
});

test('top --once with the pid of a child shows the child, not the program that started it', async (t) => {
  const env = environment(newFolder());
  const inner = 'import os; kept = bytearray(7654321); print("child", os.getpid(), flush=True); input()';
  const script = `/usr/bin/python3 -c '${inner}'; exit 0`;
  const program = start(MEMTRACE, ['run', '-q', '--no-output', 'sh', '-c', script], { env });
  const [, pid = ''] = await program.said(/child (\d+)/);
  const child = await run(MEMTRACE, ['top', '--once', pid], { env });
  const main = await run(MEMTRACE, ['top', '--once', String(childWith(program.pid, 'sh -c'))], { env });
  t.is(child.code, 0, child.stderr);
  t.regex(child.stdout, new RegExp(`\\b${pid}\\b`));
  t.notRegex(main.stdout, new RegExp(`\\b${pid}\\b`));
  t.regex(child.stdout, /7\.\d+ Mi?B/);
  t.notRegex(main.stdout, /7\.\d+ Mi?B/);
  program.process.stdin?.end('\n');
  await program.outcome;
});
