/** Runs the tests in C: of the drain core (test/native/*.c) and of the shim's tables (test/tables/*.c). */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../places.js';

const built = (program: string): string => join(ROOT, 'build', program);

/** What takes longer hangs. */
const LONGEST_MS = 120_000;

export interface Outcome {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stderr: string;
}

export const succeeded: Outcome = { code: 0, stderr: '' };

/** @param program `native/NAME` or `tables/NAME`; `…/sanitized/NAME` is the one under the sanitizers */
export const run = (program: string, ...args: readonly string[]): Promise<Outcome> =>
  runFile(built(program), args);

/** The memory checker sees reads of what was never written, too. */
export const runUnderValgrind = (program: string, ...args: readonly string[]): Promise<Outcome> =>
  runFile('valgrind', ['-q', '--error-exitcode=9', '--log-fd=1', built(program), ...args]);

const runFile = (file: string, args: readonly string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const child = execFile(file, args, { timeout: LONGEST_MS, killSignal: 'SIGKILL' }, (_, __, stderr) =>
      resolve({ code: child.exitCode, stderr }),
    );
  });
