/** The real painter on a real terminal: whatever ends the UI, the shell finds its terminal as it was. */
import test, { type ExecutionContext } from 'ava';
import { until } from '../until.js';
import { onTerminal, type Pty, serveFake, TOP } from './pty.js';

const ENTER = '\u001b[?1049h';
const LEAVE = '\u001b[?1049l';
const SHOW_CURSOR = '\u001b[?25h';
const HIDE_CURSOR = '\u001b[?25l';
const CTRL_C = '\u0003';
const CTRL_Z = '\u001a';

/** The UI says its pid first; what stty finds afterwards comes last. */
const startTop = async (t: ExecutionContext): Promise<Pty & { readonly pid: number }> => {
  const { socketPath } = await serveFake(t);
  const top = `sh -c 'echo pid=$$.; exec node ${TOP} ${socketPath}'`;
  const pty = onTerminal(t, `${top}; echo status=$?; stty -a`);
  const pid = Number(/pid=(\d+)/.exec(await pty.waitFor(/pid=\d+\./))?.[1]);
  await pty.waitFor(/cache_insert/);
  return { ...pty, pid };
};

const isRestored = async (t: ExecutionContext, pty: Pty, status: number): Promise<void> => {
  await pty.ended;
  const output = pty.output();
  t.true(output.lastIndexOf(LEAVE) > output.lastIndexOf(ENTER), 'the alternate screen is left');
  t.true(output.lastIndexOf(SHOW_CURSOR) > output.lastIndexOf(HIDE_CURSOR), 'the cursor is there');
  t.regex(output, /(?<!-)icanon/, 'lines are edited');
  t.regex(output, /(?<!-)echo\b/, 'what is typed is seen');
  t.regex(output, new RegExp(`status=${status}\\b`));
};

test('q leaves a terminal that works', async (t) => {
  const pty = await startTop(t);
  pty.type('q');
  await isRestored(t, pty, 0);
});

test('^C leaves a terminal that works', async (t) => {
  const pty = await startTop(t);
  pty.type(CTRL_C);
  await isRestored(t, pty, 0);
});

for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['SIGINT', 130],
] as const)
  test(`${signal} leaves a terminal that works`, async (t) => {
    const pty = await startTop(t);
    process.kill(pty.pid, signal);
    await isRestored(t, pty, status);
  });

test('a fault leaves a terminal that works, with the message on it', async (t) => {
  const pty = await startTop(t);
  process.kill(pty.pid, 'SIGUSR2');
  await isRestored(t, pty, 1);
  const output = pty.output();
  t.true(output.lastIndexOf('a fault in the middle of it') > output.lastIndexOf(LEAVE));
});

test('^Z gives the shell its terminal, fg brings the table back', async (t) => {
  const { socketPath } = await serveFake(t);
  const pty = onTerminal(t, 'bash --norc --noprofile -i');
  await pty.waitFor(/[#$] /);
  pty.type(`node ${TOP} ${socketPath}\n`);
  await pty.waitFor(/cache_insert/);
  pty.type(CTRL_Z);
  const stopped = await pty.waitFor(/Stopped/);
  t.true(stopped.lastIndexOf(LEAVE) > stopped.lastIndexOf(ENTER));
  t.true(stopped.lastIndexOf(SHOW_CURSOR) > stopped.lastIndexOf(HIDE_CURSOR));
  pty.type('fg\n');
  await pty.waitFor(/\[\?1049h/);
  await pty.waitFor(/cache_insert/);
  pty.type('q');
  await pty.waitFor(/left/);
  pty.type('exit\n');
  await pty.ended;
});

test('the table survives the end of the program and of the daemon', async (t) => {
  const daemon = await serveFake(t);
  const pty = onTerminal(t, `node ${TOP} ${daemon.socketPath}`);
  await pty.waitFor(/cache_insert/);
  daemon.say('end');
  await pty.waitFor(/exited/);
  daemon.say('close');
  await pty.waitFor(/ENDED/);
  pty.type('2');
  await pty.waitFor(/\[2 Functions\]/);
  pty.type('q');
  t.is(await pty.ended, 0);
});

test('a daemon that is killed is said to be gone', async (t) => {
  const daemon = await serveFake(t);
  const pty = onTerminal(t, `node ${TOP} ${daemon.socketPath}`);
  await pty.waitFor(/cache_insert/);
  daemon.kill();
  await pty.waitFor(/DAEMON GONE/);
  pty.type('q');
  t.is(await pty.ended, 0);
});

test('a daemon that says nothing is not taken for a program that does nothing', async (t) => {
  const daemon = await serveFake(t);
  const pty = onTerminal(t, `node ${TOP} ${daemon.socketPath}`);
  await pty.waitFor(/cache_insert/);
  daemon.stop();
  await pty.waitFor(/NO NEWS FOR/);
  daemon.goOn();
  await pty.waitFor(/~\/app/); // at the left again, where that stood
  pty.type('q');
  t.is(await pty.ended, 0);
});

test('y hands file and line to the terminal (OSC 52)', async (t) => {
  const pty = await startTop(t);
  pty.type('y');
  await pty.waitFor(/Copied \/home\/me\/src\/cache\.c:130/);
  const code = Buffer.from('/home/me/src/cache.c:130').toString('base64');
  t.true(pty.output().includes(`\u001b]52;c;${code}\u0007`));
  pty.type('q');
  await isRestored(t, pty, 0);
});

test('the mouse is asked for and given back; a click on a tab shows its view', async (t) => {
  const pty = await startTop(t);
  t.true(pty.output().includes('\u001b[?1000h'));
  pty.type('\u001b[<0;15;6M');
  await pty.waitFor(/\[2 Functions\]/);
  pty.type('q');
  await isRestored(t, pty, 0);
  const output = pty.output();
  t.true(output.lastIndexOf('\u001b[?1000l') > output.lastIndexOf('\u001b[?1000h'));
});

test('the right and the middle button of the mouse do nothing', async (t) => {
  const pty = await startTop(t);
  const repainted = async () => {
    const before = pty.output().length;
    await until(() => pty.output().length > before);
  };
  const pressed = async (button: number) => {
    pty.type(`\u001b[<${button};15;6M`); // on the tab of Functions
    await repainted(); // blessed takes a key that comes with it for a part of it
    await repainted();
  };
  await pressed(2);
  await pressed(1);
  pty.type('3');
  await pty.waitFor(/\[3 Files\]/);
  t.notRegex(pty.output(), /\[2 Functions\]/);
  pty.type('q');
  await isRestored(t, pty, 0);
});

for (const term of ['xterm', 'screen', 'tmux-256color', 'screen-256color'])
  test(`what is set back is grey on a terminal of type ${term}, not black on black`, async (t) => {
    const { socketPath } = await serveFake(t);
    const pty = onTerminal(t, `TERM=${term} node ${TOP} ${socketPath}`);
    await pty.waitFor(/cache_insert/);
    pty.type('q');
    await pty.ended;
    const colours = pty
      .output()
      .split('\u001b')
      .map((piece) => /^\[(?:\d+;)*(\d+)m/.exec(piece)?.[1]);
    t.true(colours.includes('90'));
    t.false(colours.includes('30') || colours.includes('37'));
  });

test('keys that a slow line brings in one read all count: Esc before a letter or a sign, a click before a key', async (t) => {
  const pty = await startTop(t);
  pty.type('f');
  await pty.waitFor(/filter:/);
  pty.type('\u001b2');
  await pty.waitFor(/\[2 Functions\]/);
  pty.type('f');
  await pty.waitFor(/filter:/);
  pty.type('\u001b/WWWW');
  await pty.waitFor(/WWWW/);
  pty.type('\u001b');
  await pty.waitFor(/help/);
  pty.type('\u001b[<0;15;6M\u001b[<0;15;6m3');
  await pty.waitFor(/\[3 /);
  pty.type('f');
  await pty.waitFor(/filter:/);
  pty.type('\u001bq');
  await isRestored(t, pty, 0);
});

test('pasted text is no command: it neither leaves nor ends what is typed at its line break', async (t) => {
  const pty = await startTop(t);
  const paste = (text: string) => pty.type(`\u001b[200~${text}\u001b[201~`);
  paste('q 2 q\r');
  pty.type('f');
  await pty.waitFor(/filter:/);
  paste('WWWW\r2qKKKK');
  await pty.waitFor(/WWWW 2qKKKK/);
  pty.type('\u001b\u001b');
  await pty.waitFor(/help/);
  t.notRegex(pty.output(), /\[2 Functions\]/);
  pty.type('q');
  await isRestored(t, pty, 0);
  const output = pty.output();
  t.true(output.lastIndexOf('\u001b[?2004l') > output.lastIndexOf('\u001b[?2004h'));
});
