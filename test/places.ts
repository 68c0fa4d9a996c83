/** Where the checkout is, and in it what was built. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const MEMTRACE = join(ROOT, 'bin/memtrace');

/** A traced program of test/programs. */
export const program = (name: string): string => join(ROOT, 'build/programs', name);
