/** Whatever happens to memtrace itself, the program goes on. */
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { newFolder } from '../folders.js';
import { start } from '../launcher/support.js';
import { MEMTRACE } from '../places.js';
import { childWith, statesOf, untilAllSleep } from '../processes.js';
import { until } from '../until.js';
import { build, run as runToEnd } from './support.js';

const COUNT = 400_000;

const begin = async (...options: readonly string[]) => {
  const out = join(newFolder(), 't.json');
  const program = await build('waiter.c');
  const launcher = start(MEMTRACE, ['run', '-o', out, ...options, '--', program, 'storm', String(COUNT)]);
  await launcher.said(/ready/);
  return {
    launcher,
    daemon: childWith(launcher.pid, 'memtrace.cjs'),
    program: childWith(launcher.pid, 'waiter storm'),
    say: () => launcher.process.stdin?.write('go\n'),
    end: () => launcher.process.stdin?.end(),
    capture: () => JSON.parse(readFileSync(out, 'utf8')).capture,
  };
};

test('kill -9 of the daemon while threads wait on full rings: the program goes on', async (t) => {
  const run = await begin();
  process.kill(run.daemon, 'SIGSTOP');
  run.say();
  await untilAllSleep(run.program);
  t.notRegex(run.launcher.heard(), /done/);
  process.kill(run.daemon, 'SIGKILL');
  await run.launcher.said(/done/);
  run.say();
  run.end();
  const { code, stdout, stderr } = await run.launcher.outcome;
  t.deepEqual({ code, stdout }, { code: 6, stdout: 'ready\ndone\ndone\n' });
  t.regex(stderr, /its daemon was killed/);
});

test('a daemon that is a zombie is dead, too', async (t) => {
  const run = await begin();
  process.kill(run.daemon, 'SIGSTOP');
  run.say();
  await untilAllSleep(run.program);
  t.notRegex(run.launcher.heard(), /done/);
  process.kill(run.launcher.pid, 'SIGSTOP'); // it would reap it
  process.kill(run.daemon, 'SIGKILL');
  await until(() => statesOf(run.daemon).includes('Z'));
  await run.launcher.said(/done/);
  t.true(statesOf(run.daemon).includes('Z'));
  process.kill(run.launcher.pid, 'SIGCONT');
  run.end();
  t.is((await run.launcher.outcome).code, 6);
});

test('a daemon that is stopped holds the program up, and nothing is lost when it goes on', async (t) => {
  const run = await begin();
  process.kill(run.daemon, 'SIGSTOP');
  run.say();
  await untilAllSleep(run.program);
  t.notRegex(run.launcher.heard(), /done/);
  process.kill(run.daemon, 'SIGCONT');
  await run.launcher.said(/done/);
  run.end();
  t.is((await run.launcher.outcome).code, 6);
  t.regex((await run.launcher.outcome).stderr, new RegExp(`daemon \\(pid ${run.daemon}\\) was stopped`));
  const { allocations, frees, lost } = run.capture();
  t.is(lost, 0);
  t.true(allocations >= 4 * COUNT && allocations < 4 * COUNT + 50, String(allocations));
  t.true(frees >= 4 * COUNT && frees < 4 * COUNT + 50);
});

test('--on-full=drop: a stopped daemon does not hold the program up, and what is dropped is counted', async (t) => {
  const run = await begin('--on-full=drop');
  const before = run.launcher.said(/done/);
  process.kill(run.daemon, 'SIGSTOP');
  run.say();
  await before;
  process.kill(run.daemon, 'SIGCONT');
  run.end();
  t.is((await run.launcher.outcome).code, 6);
  const { allocations, frees, lost } = run.capture();
  t.true(lost > 0);
  const all = allocations + frees + lost;
  t.true(all >= 8 * COUNT && all < 8 * COUNT + 100, String(all));
});

test('a pipe in the place of the program’s file does not hold the report up', async (t) => {
  const folder = newFolder();
  const program = join(folder, 'program');
  copyFileSync('/bin/sh', program);
  const script = `rm ${program}; mkfifo ${program}`;
  const launcher = start(MEMTRACE, ['run', '-o', join(folder, 't.json'), '--', program, '-c', script]);
  t.like(await launcher.outcome, { code: 0 });
  t.true(existsSync(join(folder, 't.json')));
});

test('kill -9 of the symbolizer: the report comes all the same', async (t) => {
  const run = await begin();
  const asked = await runToEnd([MEMTRACE, 'top', '--once', String(run.program)]);
  t.is(asked.code, 0, asked.stderr); // who looks wants names: now there is a symbolizer
  process.kill(childWith(run.daemon, 'memtrace-symbolizer'), 'SIGKILL');
  run.say();
  run.end();
  const { code, stderr } = await run.launcher.outcome;
  t.is(code, 6);
  t.regex(stderr, /exited with 6[\s\S]*waiter\.c:\d+/);
  t.true(run.capture().allocations >= 4 * COUNT);
});

const scribble = async (t: ExecutionContext): Promise<void> => {
  const out = join(newFolder(), 't.json');
  const program = await build('waiter.c');
  const launcher = start(MEMTRACE, ['run', '-o', out, '--children=all', '--', program, 'scribble', '100000']);
  await launcher.said(/ready/);
  launcher.process.stdin?.end('go\n');
  const { code, stdout, stderr } = await launcher.outcome;
  t.is(code, 6, stderr);
  t.is(stdout, 'ready\ndone\n');
  t.regex(stderr, /overwrote the memory it shares with memtrace/);
  const child = readdirSync(join(out, '..')).find((name) => /^t\.\d+\.json$/.test(name));
  const { capture } = JSON.parse(readFileSync(join(out, '..', child ?? ''), 'utf8'));
  t.true(capture.allocations >= 100_000); // the other process is whole
};
for (const attempt of [1, 2, 3])
  test(`a program that writes over what it shares with memtrace, ${attempt}`, scribble);
