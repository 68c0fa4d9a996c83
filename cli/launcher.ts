/**
 * The launcher (cli/launcher/main.c) as its daemon sees it: lines on descriptor 3, and stderr, which it carries
 * to the caller's. cli/launcher/daemon.h lists the lines.
 */
import { readSync, writeSync } from 'node:fs';
import type { Launcher, ProgramEnd, StartedProgram } from '../daemon/run.js';
import { isAlive, startTicks } from '../daemon/session/processes.js';
import { type Io, workingFolder } from './print/io.js';

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
    cwd: workingFolder(),
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
  const buffer = Buffer.alloc(512);
  let unread = '';

  /** Waits for it. @returns its words; none when the launcher is gone */
  const nextLine = (): readonly string[] => {
    while (!unread.includes('\n')) {
      const bytes = readSome(buffer);
      if (bytes === 0) return [];
      unread += buffer.toString('latin1', 0, bytes);
    }
    const line = unread.slice(0, unread.indexOf('\n'));
    unread = unread.slice(line.length + 1);
    return line.split(' ');
  };

  const theEnd = async (pid: number): Promise<ProgramEnd> => {
    const { watchInput } = await import('../daemon/inputs.js'); // the drain core, which other commands do without
    if (unread === '') await new Promise<void>((resolve) => watchInput(SOCKET, resolve));
    const [word, number] = nextLine();
    if (word === 'exit') return { kind: 'exited', code: Number(number) };
    if (word === 'signal') return { kind: 'signalled', signal: Number(number) };
    await endOf(pid); // the launcher was killed, the program lives on
    return { kind: 'unknown' };
  };

  /** There is nothing else to do until the program runs. */
  const start = (): StartedProgram | null => {
    let untraced: number | null = null;
    sendStart();
    for (;;) {
      const [word, number] = nextLine();
      if (word === 'untraced') untraced = Number(number);
      else if (word !== 'pid') return null;
      else return { pid: Number(number), untraced, ended: theEnd(Number(number)) };
    }
  };
  return { start };
};

/** @returns 0 at the end, which is an error where the launcher has not read all */
const readSome = (buffer: Buffer): number => {
  try {
    return readSync(SOCKET, buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return 0;
    throw error;
  }
};

const endOf = async (pid: number): Promise<void> => {
  const since = startTicks(pid);
  while (since !== null && isAlive(pid, since)) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
};
