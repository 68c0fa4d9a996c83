/** What a snapshot of a running program is called where nobody gave a name. */
import { existsSync } from 'node:fs';
import { nameInFile } from '../../views/names.js';
import type { Recording } from '../../views/profile.js';

/**
 * As the one that `run` writes at the end, with the time: the program runs on and may be looked at again, even
 * within the same second.
 */
export const dumpName = ({ process }: Pick<Recording, 'process'>): string => {
  const name = nameInFile(process.command[0] ?? process.executable);
  const time = process.takenAt.replace(/\.\d+Z$/, '').replace(/[^\dT]/g, '');
  const base = `memtrace.${name}.${process.pid}.${time}`;
  let path = `${base}.json`;
  for (let n = 2; existsSync(path); n += 1) path = `${base}-${n}.json`;
  return path;
};
