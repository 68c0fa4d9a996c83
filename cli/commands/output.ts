/** Files that a run will write at its end: refused before the program runs when that cannot work. */
import { closeSync, constants, existsSync, openSync, type Stats, statSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SnapshotOutput } from '../../daemon/snapshot/files.js';
import { MemtraceError, usageError } from '../../views/error.js';

const OF_RUN = 'Give -o FILE in a folder of yours, or --no-output to keep no snapshot.';

/**
 * @param given false for --no-output, undefined for the default name
 * @param remedy what to give where nothing can be written
 */
export const outputOf = (given: unknown, force: boolean, remedy = OF_RUN): SnapshotOutput => {
  if (given === false) return { kind: 'none' };
  if (typeof given !== 'string') {
    checkFolder('.', remedy);
    return { kind: 'default' };
  }
  checkFile(given, force, remedy);
  return { kind: 'file', path: given, replace: force };
};

/**
 * @param force the file may exist and will be replaced
 * @param remedy what to give where its folder takes no file
 */
export const checkFile = (path: string | null, force: boolean, remedy: string): void => {
  if (path === null) return;
  if (path === '-')
    throw usageError(
      'cannot write to -',
      'Standard output belongs to the program.',
      'Name a file; /dev/stderr works as well.',
    );
  if (path.includes('\uFFFD'))
    throw cannotWrite(path, 'The name is not UTF-8: the file would have another one.', NAMED_SO);
  const stat = statOf(path, remedy);
  if (stat?.isDirectory())
    throw cannotWrite(path, 'It is a folder.', `Name a file in it: ${path.replace(/\/*$/, '')}/trace.json`);
  if (stat?.isFile() && !force)
    throw cannotWrite(path, 'It exists already.', 'Give --force to replace it, or another name.');
  if (stat && !stat.isFile()) return;
  checkFolder(dirname(path), remedy);
};

const statOf = (path: string, remedy: string): Stats | undefined => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw cannotWrite(path, REASONS[code] ?? `The system says: ${message}.`, remedy);
  }
};

/** Of the caller's descriptors a run's daemon has but stderr: by these names it would write to others. */
export const refuseDescriptor = (path: string | null): void => {
  if (path === null || !DESCRIPTOR.test(path)) return;
  throw cannotWrite(
    path,
    'The open files of a run are the program’s; memtrace writes from a process of its own, which has none of them but stderr.',
    'Name a file or a named pipe (mkfifo); /dev/stderr works as well.',
  );
};

const DESCRIPTOR = /^(\/dev\/std(in|out)|(\/dev|\/proc\/(thread-)?self)\/fd\/(?!2$)\d+)$/;

const NAMED_SO = 'Go into the folder first, and give a name in UTF-8.';

/** A file is written beside its final name and then renamed: new files must be possible in its folder. */
const checkFolder = (folder: string, remedy: string): void => {
  try {
    createNameless(folder);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const place = folder === '.' ? 'the working folder' : folder;
    throw cannotWrite(place, reasonIn(folder, code) ?? `The system says: ${message}.`, remedy);
  }
};

const reasonIn = (folder: string, code: string): string | undefined => {
  const found = existsSync(folder) ? statSync(folder) : null;
  if (found?.nlink === 0) return 'It was deleted.';
  return found && code === 'ENOENT' ? 'No file can be made there.' : REASONS[code];
};

/** A file without a name leaves no trace in the folder; where that is not supported, it has one for a moment. */
const createNameless = (folder: string): void => {
  try {
    closeSync(openSync(folder, constants.O_WRONLY | O_TMPFILE, 0o600));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTSUP' && code !== 'EISDIR') throw error;
    const path = `${folder}/.memtrace-${process.pid}`;
    closeSync(openSync(path, 'wx', 0o600));
    unlinkSync(path);
  }
};

/** Node does not name it; with O_DIRECTORY, as the kernel wants it. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such folder.',
  ENOTDIR: 'It is not a folder.',
  EROFS: 'It is on a file system that is read-only.',
  EACCES: 'You may not write there.',
  EPERM: 'You may not write there.',
  ENOSPC: 'The file system is full.',
  ENAMETOOLONG: 'The name is too long.',
  ELOOP: 'Its symbolic links go round in circles.',
};

const cannotWrite = (path: string, why: string, remedy: string): MemtraceError =>
  new MemtraceError({ message: `cannot write to ${path}`, why, remedy, exitCode: 125 });
