/** Runs the tests in C: of the drain core (test/native/*.c) and of the shim's tables (test/tables/*.c). */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../../build/', import.meta.url));

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
  runFile(`${BUILT}${program}`, args);

/** The memory checker sees reads of what was never written, too. */
export const runUnderValgrind = (program: string, ...args: readonly string[]): Promise<Outcome> =>
  runFile('valgrind', ['-q', '--error-exitcode=9', '--log-fd=1', `${BUILT}${program}`, ...args]);

const runFile = (file: string, args: readonly string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const child = execFile(file, args, { timeout: LONGEST_MS, killSignal: 'SIGKILL' }, (_, __, stderr) =>
      resolve({ code: child.exitCode, stderr }),
    );
  });
