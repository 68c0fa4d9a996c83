/**
 * Where memtrace's own files are, wherever it was installed and whether it runs as modules or as one bundle: below
 * the folder that has its package.json.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const rootAbove = (folder: string): string =>
  existsSync(join(folder, 'package.json')) || folder === '/' ? folder : rootAbove(dirname(folder));

const ROOT = rootAbove(dirname(import.meta.filename));

/** @param name such as `build/libmemtrace.so` */
export const installedFile = (name: string): string => join(ROOT, name);
