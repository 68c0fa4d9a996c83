/**
 * Writes a snapshot file whole or not at all: temporary name, fsync, rename; mode 0600, because it holds command
 * lines and source text. `.gz` is compressed.
 */
import { access, close, fsync, link, open, rename, stat, unlink, write } from 'node:fs';
import { promisify } from 'node:util';
import { MemtraceError } from '../../views/error.js';
import type { Recording } from '../../views/profile.js';
import { snapshotText } from './text.js';

// Of node:fs, which is there: node:fs/promises would have to be loaded.
const files = {
  access: promisify(access),
  close: promisify(close),
  fsync: promisify(fsync),
  link: promisify(link),
  open: promisify(open),
  rename: promisify(rename),
  stat: promisify(stat),
  unlink: promisify(unlink),
  write: promisify(write),
};

export interface WriteOptions {
  /** Replace a file that is there. */
  readonly force: boolean;
}

type Portions = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export const writeSnapshot = async (
  path: string,
  snapshot: Recording,
  { force }: WriteOptions,
): Promise<void> => {
  const text = snapshotText(snapshot);
  const temporary = `${path}.${process.pid}.partial`;
  const data = path.endsWith('.gz') ? await compressed(text) : text;
  if (await isSpecial(path)) return pour(path, data);
  try {
    await into(await files.open(temporary, 'wx', 0o600), async (file) => {
      await writeAll(file, data);
      await files.fsync(file);
    });
    if (force) await files.rename(temporary, path);
    else await linkNew(temporary, path);
  } catch (error) {
    await files.unlink(temporary).catch(() => undefined);
    throw cannotWrite(path, error);
  }
};

/** Most snapshots are not: zlib is loaded for those that are. */
const compressed = async (text: Iterable<Uint8Array>): Promise<Portions> => {
  const [{ Readable }, { createGzip }] = await Promise.all([import('node:stream'), import('node:zlib')]);
  return Readable.from(copies(text)).pipe(createGzip());
};

/** A stream asks for portions before it is done with those before. */
function* copies(text: Iterable<Uint8Array>): Iterable<Uint8Array> {
  for (const portion of text) yield new Uint8Array(portion);
}

const pour = async (path: string, data: Portions): Promise<void> => {
  try {
    await into(await files.open(path, 'w'), (file) => writeAll(file, data));
  } catch (error) {
    throw cannotWrite(path, error);
  }
};

const into = async (file: number, fill: (file: number) => Promise<void>): Promise<void> => {
  try {
    await fill(file);
  } finally {
    await files.close(file);
  }
};

const writeAll = async (file: number, data: Portions): Promise<void> => {
  for await (const portion of data)
    for (let rest = portion; rest.length > 0; ) {
      const { bytesWritten } = await files.write(file, rest);
      rest = rest.subarray(bytesWritten);
    }
};

/** A pipe or a device takes the bytes as they come. */
const isSpecial = (path: string): Promise<boolean> =>
  files.stat(path).then(
    (found) => !found.isFile() && !found.isDirectory(),
    () => false,
  );

/** Like rename, but fails when `path` exists; on file systems without hard links it looks first. */
const linkNew = async (temporary: string, path: string) => {
  try {
    await files.link(temporary, path);
    await files.unlink(temporary);
  } catch (error) {
    if (!hasCode(error, 'EPERM') && !hasCode(error, 'ENOTSUP')) throw error;
    const exists = await files.access(path).then(
      () => true,
      () => false,
    );
    if (exists) throw Object.assign(new Error('file exists'), { code: 'EEXIST' });
    await files.rename(temporary, path);
  }
};

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Object && 'code' in error && error.code === code;

const reasons: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  EEXIST: ['The file exists.', 'Choose another name with -o, or replace it with --force.'],
  ENOENT: ['Its folder does not exist.', 'Create the folder, or choose another name with -o.'],
  EACCES: ['You may not write there.', 'Choose another folder with -o, or keep no snapshot: --no-output.'],
  EPERM: ['You may not write there.', 'Choose another folder with -o, or keep no snapshot: --no-output.'],
  EROFS: [
    'The file system is read-only.',
    'Choose another folder with -o, or keep no snapshot: --no-output.',
  ],
  ENOSPC: [
    'The disk is full. Nothing was left behind.',
    'Free some space, or choose another folder with -o.',
  ],
  EDQUOT: ['Your disk quota is used up. Nothing was left behind.', 'Free some space, or use -o elsewhere.'],
  EPIPE: ['Whoever read it has gone.', 'Let it read to the end, or write a file: -o FILE.'],
  ENOTDIR: ['A part of its path is not a folder.', 'Choose another name with -o.'],
};

const cannotWrite = (path: string, error: unknown): MemtraceError => {
  const code = error instanceof Object && 'code' in error ? String(error.code) : '';
  const [why, remedy] = reasons[code] ?? [
    error instanceof Error ? error.message : String(error),
    'Choose another name with -o.',
  ];
  return new MemtraceError({ message: `cannot write the snapshot ${path}`, why, remedy, exitCode: 125 });
};
