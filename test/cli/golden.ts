/**
 * Compares what is printed with a text kept under test/fixtures/golden/.
 *
 * After a wanted change write them anew, then read the difference in git:
 *
 *     MEMTRACE_GOLDEN=write npx ava 'dist/test/cli/*.test.js'
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { type Io, writeLines } from '../../cli/print/io.js';
import { errorLines, MemtraceError } from '../../views/error.js';

export const golden = (t: ExecutionContext, name: string, text: string): void => {
  const path = `test/fixtures/golden/${name}.txt`;
  if (process.env.MEMTRACE_GOLDEN === 'write') writeFileSync(path, text);
  t.is(text, readFileSync(path, 'utf8'), `${path} differs`);
};

export interface Captured {
  readonly io: Io;
  readonly out: () => string;
  readonly err: () => string;
  /** @returns the exit code; an error of the user's is told as cli/main.ts does */
  readonly run: (command: (io: Io) => number) => number;
}

/** A plain pipe, in the folder that the fixtures were made in. */
export const capture = (terminal: Partial<Pick<Io, 'isTTY' | 'columns' | 'env'>> = {}): Captured => {
  const written = { out: '', err: '' };
  const io: Io = {
    stdout: { write: (text) => (written.out += text) },
    stderr: { write: (text) => (written.err += text) },
    isTTY: false,
    columns: 80,
    env: { HOME: '/home/me', LANG: 'C.UTF-8' },
    cwd: '/proj/demo',
    ...terminal,
  };
  const run = (command: (io: Io) => number): number => {
    try {
      return command(io);
    } catch (error) {
      if (!(error instanceof MemtraceError)) throw error;
      writeLines(io.stderr, errorLines(error));
      return error.exitCode;
    }
  };
  return { io, out: () => written.out, err: () => written.err, run };
};
