/** `memtrace run --tui`, whole: launcher, daemon, viewer and a program on a terminal of its own. */

import { writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { newFolder } from '../folders.js';
import { MEMTRACE } from '../places.js';
import { onTerminal, type Pty } from './pty.js';

const runTui = (t: ExecutionContext, script: string, redirection = ''): Pty =>
  onTerminal(
    t,
    `${MEMTRACE} run --tui --quiet --no-output -- sh -c '${script}' ${redirection}; echo status=$?; stty -a`,
  );

test('the program writes into a view of its own; what it wrote is on the terminal afterwards', async (t) => {
  const pty = runTui(t, 'echo from below; read answer; echo got $answer; exit 7');
  await pty.waitFor(/\[1 Lines\]/);
  pty.type('9');
  await pty.waitFor(/\[9 Output\]/);
  await pty.waitFor(/from below/);
  pty.type('qk');
  await pty.waitFor(/\[\?1049l/);
  await pty.waitFor(/from below/);
  pty.type('forty-two\n');
  await pty.waitFor(/got forty-two/);
  await pty.waitFor(/status=7\b/);
  await pty.ended;
  t.regex(pty.output(), /(?<!-)icanon/);
});

test('with --no-mouse the terminal keeps its mouse', async (t) => {
  const pty = onTerminal(t, `${MEMTRACE} run --tui --no-mouse --quiet --no-output -- sh -c 'read answer'`);
  await pty.waitFor(/\[1 Lines\]/);
  t.notRegex(pty.output(), /\[\?100[0236]h/);
  pty.type('qe');
  await pty.ended;
});

test('the program has the size of the terminal, and a ^C after leaving ends it as ever', async (t) => {
  const pty = runTui(t, 'stty size; read answer');
  await pty.waitFor(/\[1 Lines\]/);
  pty.type('qk');
  await pty.waitFor(/24 80/);
  pty.type('\u0003');
  await pty.waitFor(/status=130\b/);
  t.pass();
});

test('what is redirected stays redirected, and a program that ends at once can still be looked at', async (t) => {
  const pty = runTui(t, 'test -t 1 && echo a terminal || echo no terminal >&2; exit 4', '>/dev/null');
  await pty.waitFor(/\[ENDED\]/);
  pty.type('5');
  await pty.waitFor(/Nobody asked for this/);
  pty.type('q');
  await pty.waitFor(/status=4\b/);
  t.regex(pty.output(), /no terminal/);
  t.regex(pty.output(), /live▼/, 'the table came before the end');
  t.notRegex(pty.output(), /cannot talk|DAEMON GONE/);
});

test('the end of the program does not take the view away', async (t) => {
  const folder = newFolder();
  const pty = runTui(t, `until test -e ${folder}/end; do sleep 0.05; done; exit 3`);
  await pty.waitFor(/\[1 Lines\]/);
  writeFileSync(`${folder}/end`, '');
  await pty.waitFor(/exited/);
  pty.type('qk');
  await pty.waitFor(/status=3\b/);
  t.pass();
});
