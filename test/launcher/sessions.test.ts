import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { MEMTRACE, run, start, temporaryFolder } from './support.js';

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

test('a running session is listed, and nothing is left of it when it has ended', async (t) => {
  const runtime = temporaryFolder();
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
  const runtime = temporaryFolder();
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
