/** Mistakes made on purpose in a copy of the sources: a test that does not see one tests nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Mutation {
  readonly file: string;
  /** Must stand in the file exactly once. */
  readonly from: string;
  readonly to: string;
}

/** @returns what the file would be, of the sources in this folder */
export const mutated = (folder: string, { file, from, to }: Mutation): string => {
  const parts = readFileSync(join(folder, file), 'utf8').split(from);
  if (parts.length !== 2) throw new Error(`${file} does not have this exactly once: ${from}`);
  return parts.join(to);
};

/** As on a glibc before 2.35. */
export const OLD_LOADER: Mutation = {
  file: 'shim/platform/linux/modules.c',
  from: 'return _dl_find_object != NULL;',
  to: 'return false;',
};
