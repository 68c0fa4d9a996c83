/** Signals on their way to the program: listener.c says which it got, and how often. */
import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { newFolder } from '../folders.js';
import { MEMTRACE, program } from '../places.js';
import { childNamed, childrenOf, childWith, nameOf } from '../processes.js';
import { memtrace, type Run, start } from './support.js';

const ARGUMENTS = ['run', '--no-output', '--', program('listener')];

const listening = async (setting: { detached?: boolean } = {}): Promise<{ run: Run; program: number }> => {
  const run = start(MEMTRACE, ARGUMENTS, setting);
  const [, pid] = await run.said(/ready (\d+)/);
  return { run, program: Number(pid) };
};

/** What the program got, without its first line. */
const received = (stdout: string): readonly string[] => stdout.trim().split('\n').slice(1);

test('a signal sent to memtrace reaches the program, once', async (t) => {
  const { run } = await listening();
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGINT', 'SIGWINCH'] as const) {
    process.kill(run.pid, signal);
    await run.said(new RegExp(`^${signal.slice(3)} `, 'm'));
  }
  process.kill(run.pid, 'SIGURG');
  const { stdout, code } = await run.outcome;
  t.deepEqual(received(stdout), ['TERM 0', 'HUP 0', 'USR1 0', 'INT 0', 'WINCH 0']);
  t.is(code, 3);
});

test('a signal to the whole group, as from ^C, is not doubled', async (t) => {
  const { run } = await listening({ detached: true });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGWINCH'] as const) {
    process.kill(-run.pid, signal);
    await run.said(new RegExp(`^${signal.slice(3)} `, 'm'));
  }
  process.kill(run.pid, 'SIGURG'); // highest number: read after what was sent on by mistake
  const { stdout, code } = await run.outcome;
  t.deepEqual(received(stdout), ['INT 0', 'TERM 0', 'WINCH 0']);
  t.is(code, 3);
});

test('a signal to every process of a run, as from systemctl stop, comes to the program once and costs no report', async (t) => {
  const { run } = await listening();
  const asked = await memtrace('top', '--once', String(childWith(run.pid, 'listener')));
  t.is(asked.code, 0, asked.stderr); // who looks wants names: now there is a symbolizer
  const daemon = childWith(run.pid, 'memtrace.cjs');
  const symbolizer = childWith(daemon, 'memtrace-symbolizer');
  const all = [...childrenOf(run.pid), symbolizer, run.pid];
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGTERM'] as const) {
    for (const pid of all) process.kill(pid, signal);
    await run.said(new RegExp(`^${signal.slice(3)} `, 'm'));
  }
  await memtrace('top', '--once', '--by', 'function', String(childWith(run.pid, 'listener')));
  t.is(childWith(daemon, 'memtrace-symbolizer'), symbolizer);
  process.kill(run.pid, 'SIGURG');
  const { stdout, stderr, code } = await run.outcome;
  t.deepEqual(received(stdout), ['HUP 0', 'USR1 0', 'USR2 0', 'INT 0', 'TERM 0']);
  t.is(code, 3);
  t.regex(stderr, /listener \(pid \d+\) exited with 3/);
});

test('pkill memtrace ends the program', async (t) => {
  const { run } = await listening();
  const found = [...childrenOf(run.pid), run.pid].filter((pid) => nameOf(pid).includes('memtrace'));
  for (const pid of found) process.kill(pid, 'SIGTERM');
  process.kill(run.pid, 'SIGURG'); // highest number: read after the other
  const { stdout, code } = await run.outcome;
  t.deepEqual(received(stdout), ['TERM 0']);
  t.is(code, 3);
});

test('a signal to memtrace reaches the program also after its witness was stopped for a while', async (t) => {
  const { run } = await listening({ detached: true });
  const witness = childNamed(run.pid, 'signal-witness');
  process.kill(witness, 'SIGSTOP');
  process.kill(-run.pid, 'SIGUSR1');
  await run.said(/USR1 .*USR1 /s); // passed on, for want of an answer
  process.kill(witness, 'SIGCONT');
  process.kill(run.pid, 'SIGTERM');
  await run.said(/^TERM /m);
  process.kill(-run.pid, 'SIGHUP');
  await run.said(/^HUP /m);
  process.kill(run.pid, 'SIGURG');
  t.deepEqual(received((await run.outcome).stdout), ['USR1 0', 'USR1 0', 'TERM 0', 'HUP 0']);
});

test('^C ends the program and the report still comes', async (t) => {
  const run = start(MEMTRACE, ['run', '--no-output', '--', 'sh', '-c', 'cat; true'], { detached: true });
  run.process.stdin?.write('ready\n');
  await run.said(/ready/); // by cat: a signal between the shell's vfork and exec is lost also without memtrace
  process.kill(-run.pid, 'SIGINT');
  const { code, stderr } = await run.outcome;
  t.is(code, 130);
  t.regex(stderr, /memtrace: sh .*(signal 2|SIGINT)/);
});

test('^C typed at a terminal reaches the program once', async (t) => {
  const command = [MEMTRACE, ...ARGUMENTS].join(' ');
  const run = start('script', ['-qec', `exec ${command}`, '/dev/null']);
  const [, pid] = await run.said(/ready (\d+)/);
  run.process.stdin?.write('\u0003');
  await run.said(/INT /); // behind the echo of ^C
  process.kill(Number(pid), 'SIGURG');
  const { stdout, code } = await run.outcome;
  t.is(stdout.match(/INT /g)?.length, 1);
  t.is(code, 3);
});

test('^Z stops the program and fg lets it go on', async (t) => {
  const { run, program } = await listening({ detached: true });
  process.kill(-run.pid, 'SIGSTOP');
  process.kill(-run.pid, 'SIGCONT');
  await run.said(/^CONT /m);
  process.kill(program, 'SIGURG');
  t.is((await run.outcome).code, 3);
});

test('a program that stops itself alone, as node does at ^Z, gives the terminal back to the shell, and fg lets it go on', async (t) => {
  const command = `${MEMTRACE} run --quiet --no-output -- sh -c 'kill -TSTP $$; echo again; exit 3'`;
  const shell = join(newFolder(), 'shell');
  writeFileSync(shell, `set -m\n${command}\necho stopped $?\nfg >/dev/null\necho ended $?\n`);
  const { stdout } = await start('script', ['-qec', `exec bash ${shell}`, '/dev/null']).outcome;
  t.deepEqual(
    stdout.split(/\r?\n/).filter((line) => /^(stopped|again|ended)/.test(line)),
    [`stopped ${128 + constants.signals.SIGTSTP}`, 'again', 'ended 3'],
  );
});
