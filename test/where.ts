/**
 * Tests that need more than every machine has. Where it is not there they are reported as skipped, with what is
 * missing in their title; none of them may pass without having tried.
 */
import test, { type ExecutionContext } from 'ava';
import { isInstalled, succeeds } from './installed.js';

export interface Need {
  /** As the title of a skipped test tells it. */
  readonly what: string;
  readonly isThere: boolean;
}

type Declare<Result> = (title: string, body: (t: ExecutionContext) => Result) => void;

/** Declares a test as `test` does: `where(root)('a child of another user …', async (t) => …)`; or as `test.serial`. */
export const where = (...needs: readonly Need[]) => {
  const missing = needs.filter(({ isThere }) => !isThere).map(({ what }) => what);
  const declareBy =
    (kind: Declare<Promise<void>> & { readonly skip: Declare<void> }): Declare<unknown> =>
    (title, body) => {
      if (missing.length > 0) kind.skip(`${title} (needs ${missing.join(' and ')})`, () => {});
      else
        kind(title, async (t) => {
          await body(t);
        });
    };
  return Object.assign(declareBy(test), { serial: declareBy(test.serial) });
};

export const installed = (...programs: readonly string[]): Need => {
  const missing = programs.filter((program) => !isInstalled(program));
  return { what: missing.join(' and '), isThere: missing.length === 0 };
};

/** To become another user, and to give files away. */
export const root: Need = { what: 'root', isThere: process.getuid?.() === 0 };

export const userNamespaces: Need = {
  what: 'user namespaces',
  isThere: succeeds('unshare', '-U', '-r', 'true'),
};

/** To make namespaces and to mount in them, which root may not in every container. */
export const namespaces: Need = {
  what: 'the right to make namespaces',
  isThere: succeeds('unshare', '-m', '-p', '-f', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'),
};

/** For programs with a part in assembly, or mutations of what is the processor's own. */
export const x86_64: Need = { what: 'an x86-64 processor', isThere: process.arch === 'x64' };

/** For what is too slow for CI: `make test-all`. */
export const SLOW = process.env.MEMTRACE_SLOW === '1';
export const patience: Need = { what: 'make test-all', isThere: SLOW };
