/** A command on a terminal of its own, which util-linux's `script` makes: what it wrote, keys for it. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { newFolder } from '../folders.js';

export interface Pty {
  readonly type: (keys: string) => void;
  /** Everything written so far. */
  readonly output: () => string;
  /** Until something like it has been written since the last wait. @returns what was written up to its end */
  readonly waitFor: (what: RegExp) => Promise<string>;
  readonly ended: Promise<number | null>;
}

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export const TOP = program('./runTop.js');

/** @returns the socket of a fake session that grows */
export const serveFake = async (t: ExecutionContext): Promise<FakeDaemon> => {
  const socketPath = join(newFolder(), 'socket');
  const daemon = spawn(process.execPath, [program('./serveFake.js'), socketPath]);
  t.teardown(() => daemon.kill('SIGKILL'));
  await written(daemon)(/ready/);
  return {
    socketPath,
    say: (word) => daemon.stdin.write(`${word}\n`),
    kill: () => daemon.kill('SIGKILL'),
    stop: () => daemon.kill('SIGSTOP'),
    goOn: () => daemon.kill('SIGCONT'),
  };
};

export interface FakeDaemon {
  readonly socketPath: string;
  readonly say: (word: 'end' | 'close') => void;
  readonly kill: () => void;
  /** It is there, and says nothing. */
  readonly stop: () => void;
  readonly goOn: () => void;
}

const LONGEST_MS = 90_000;

/** @param command for sh */
export const onTerminal = (t: ExecutionContext, command: string): Pty => {
  const child = spawn('script', ['-qec', `stty cols 80 rows 24; ${command}`, '/dev/null'], {
    env: {
      ...process.env,
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
      LC_ALL: 'C.UTF-8',
      SHELL: '/bin/bash', // which `script` starts: another one may end at a ^C that was the program's
    },
  });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString();
  });
  // What hangs ends, and so does whoever waits for its words.
  const hangs = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS);
  child.on('close', () => clearTimeout(hangs));
  t.teardown(() => child.kill('SIGKILL'));
  return {
    type: (keys) => child.stdin.write(keys),
    output: () => output,
    waitFor: written(child),
    ended: new Promise((resolve) => child.on('close', resolve)),
  };
};

const written = ({ stdout }: ChildProcessWithoutNullStreams): Pty['waitFor'] => {
  let text = '';
  let isOver = false;
  let wake = (): void => {};
  stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
    wake();
  });
  stdout.on('close', () => {
    isOver = true;
    wake();
  });
  return async (what) => {
    for (;;) {
      const match = what.exec(text);
      if (match) {
        const end = match.index + match[0].length;
        const seen = text.slice(0, end);
        text = text.slice(end);
        return seen;
      }
      if (isOver) throw new Error(`ended without ${what}: ${JSON.stringify(text.slice(-400))}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
};
