/**
 * The launcher (cli/launcher/main.c) as its daemon sees it: lines on descriptor 3, and stderr, which it carries
 * to the caller's. cli/launcher/daemon.h lists the lines.
 */
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Launcher, ProgramEnd, StartedProgram } from '../daemon/run.js';
import { isAlive, startTicks } from '../daemon/session/processes.js';
import type { Io } from './print/io.js';

export interface StartRequest {
  /** Of the program, among the words behind `memtrace`. */
  readonly index: number;
  readonly ifUntraced: 'refuse' | 'allow';
  /** Viewer: `memtrace top` takes the caller's terminal, the program gets one of its own. */
  /** keys: a viewer that leaves the mouse to the terminal. */
  readonly screen: 'plain' | 'viewer' | 'keys';
  /** Holds the link to the shim. */
  readonly folder: string;
}

export interface LauncherLink {
  readonly io: Io;
  /** For the one program of this run. */
  readonly of: (request: StartRequest) => Launcher;
  /** Nothing is run: the command is to be started again with the caller's own stdin and stdout. */
  readonly askForTerminal: () => number;
  /** Ends this process; tells the launcher when nothing was started. */
  readonly finish: (code: number) => never;
}

const SOCKET = 3;
const POLL_MS = 200;

/** @returns null when this process was not started by the launcher's `run` */
export const connectLauncher = (): LauncherLink | null => {
  if (process.env.MEMTRACE_LAUNCHER !== String(SOCKET)) return null;
  link ??= makeLink();
  return link;
};

let link: LauncherLink | null = null;

const makeLink = (): LauncherLink => {
  let answered = false;
  const answer = (line: string): void => {
    answered = true;
    writeAll(SOCKET, `${line}\n`);
  };
  return {
    io: callersStderr(),
    of: (request) =>
      conversation(() =>
        answer(`start ${request.index} ${request.ifUntraced} ${request.screen} ${request.folder}`),
      ),
    askForTerminal: () => {
      answer('direct');
      return 0;
    },
    finish: (code) => {
      if (!answered) answer(`exit ${code}`);
      process.exit(code);
    },
  };
};

/** stdout belongs to the program: there is only stderr, and data goes to files. */
const callersStderr = (): Io => {
  const stderr = { write: (text: string) => writeAll(2, text) };
  const { MEMTRACE_TERMINAL: columns } = process.env;
  return {
    stdout: stderr,
    stderr,
    isTTY: columns !== undefined,
    columns: Number(columns) || 80,
    env: process.env,
    cwd: process.cwd(),
  };
};

/** process.stderr would take milliseconds to set up. A launcher that is gone is no error. */
const writeAll = (fd: number, text: string): void => {
  let rest: Buffer = Buffer.from(text);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPIPE' && code !== 'ECONNRESET') throw error;
  }
};

const conversation = (sendStart: () => void): Launcher => {
  let resolveStarted = (_: StartedProgram | null): void => {};
  let resolveEnded = (_: ProgramEnd): void => {};
  const started = new Promise<StartedProgram | null>((resolve) => {
    resolveStarted = resolve;
  });
  const ended = new Promise<ProgramEnd>((resolve) => {
    resolveEnded = resolve;
  });
  let untraced: number | null = null;

  const hear = (line: string): void => {
    const [word, number] = line.split(' ');
    const value = Number(number);
    if (word === 'untraced') untraced = value;
    else if (word === 'pid') resolveStarted({ pid: value, untraced });
    else if (word === 'exit') resolveEnded({ kind: 'exited', code: value });
    else if (word === 'signal') resolveEnded({ kind: 'signalled', signal: value });
    else if (word === 'failed') resolveStarted(null);
  };

  /** After `failed`, or before anything: not started. After `pid`: the launcher was killed, the program lives on. */
  const hangUp = async (): Promise<void> => {
    resolveStarted(null);
    const program = await started;
    if (program) await endOf(program.pid);
    resolveEnded({ kind: 'unknown' });
  };

  const start = (): Promise<StartedProgram | null> => {
    const socket = new Socket({ fd: SOCKET });
    let unread = '';
    socket.setEncoding('latin1');
    socket.on('data', (text) => {
      const lines = (unread + text).split('\n');
      unread = lines.pop() ?? '';
      lines.forEach(hear);
    });
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => void hangUp());
    sendStart();
    return started;
  };
  return { start, ended };
};

const endOf = async (pid: number): Promise<void> => {
  const since = startTicks(pid);
  while (since !== null && isAlive(pid, since)) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
};
