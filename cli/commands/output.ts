/** Files that a run will write at its end: refused before the program runs when that cannot work. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SnapshotOutput } from '../../daemon/run.js';
import { MemtraceError, usageError } from '../../views/error.js';

/** @param given false for --no-output, undefined for the default name */
export const outputOf = (given: unknown, force: boolean): SnapshotOutput => {
  if (given === false) return { kind: 'none' };
  if (typeof given !== 'string') {
    checkFolder('.');
    return { kind: 'default' };
  }
  checkFile(given, force);
  return { kind: 'file', path: given, replace: force };
};

/** @param force the file may exist and will be replaced */
export const checkFile = (path: string | null, force: boolean): void => {
  if (path === null) return;
  if (path === '-')
    throw usageError(
      'cannot write to -',
      'Standard output belongs to the program.',
      'Name a file; /dev/stderr and /dev/fd/N work as well.',
    );
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory())
    throw cannotWrite(path, 'It is a folder.', `Name a file in it: ${path.replace(/\/*$/, '')}/trace.json`);
  if (stat?.isFile() && !force)
    throw cannotWrite(path, 'It exists already.', 'Give --force to replace it, or another name.');
  if (stat && !stat.isFile()) return;
  checkFolder(dirname(path));
};

/** A file is written beside its final name and then renamed: the folder must be writable. */
const checkFolder = (folder: string): void => {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'There is no such folder.'
        : code === 'ENOTDIR'
          ? 'It is not a folder.'
          : code === 'EROFS'
            ? 'It is on a file system that is read-only.'
            : 'You may not write there.';
    throw cannotWrite(folder, why, 'Give -o FILE in a folder of yours, or --no-output to keep no snapshot.');
  }
};

const cannotWrite = (path: string, why: string, remedy: string): MemtraceError =>
  new MemtraceError({ message: `cannot write to ${path}`, why, remedy, exitCode: 125 });
