/**
 * Writes a file of results whole or not at all: temporary name, fsync, rename; mode 0600, because snapshots and reports
 * hold command lines and source text. `.gz` is compressed.
 */
import { access, close, fsync, link, open, rename, stat, unlink, write } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from '../../proto/snapshot.js';
import { MemtraceError } from '../../views/error.js';
import { jsonText } from '../../views/json.js';
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

/** The name was taken meanwhile. */
export class NameTaken extends MemtraceError {}

type Portions = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export const writeSnapshot = (path: string, snapshot: Recording, options: WriteOptions): Promise<void> =>
  writeResult('snapshot', path, snapshotText(snapshot), options);

/** As `memtrace run --json` has it. */
export const writeReport = (path: string, report: Report, options: WriteOptions): Promise<void> =>
  writeResult('report', path, bytesOf(jsonText(report)), options);

function* bytesOf(text: Iterable<string>): Iterable<Uint8Array> {
  for (const portion of text) yield Buffer.from(portion);
}

const writeResult = async (
  what: Result,
  path: string,
  text: Iterable<Uint8Array>,
  { force }: WriteOptions,
): Promise<void> => {
  try {
    const data = path.endsWith('.gz') ? await compressed(text) : text;
    if (await isSpecial(path)) await into(await files.open(path, 'w'), (file) => writeAll(file, data));
    else await replace(path, data, force);
  } catch (error) {
    throw cannotWrite(what, path, error);
  }
};

const replace = async (path: string, data: Portions, force: boolean): Promise<void> => {
  const temporary = join(dirname(path), `memtrace.${process.pid}-${Date.now()}.partial`); // fits where the name does
  const file = await files.open(temporary, 'wx', 0o600);
  try {
    await into(file, async () => {
      await writeAll(file, data);
      await files.fsync(file);
    });
    if (force) await files.rename(temporary, path);
    else await linkNew(temporary, path);
  } catch (error) {
    await files.unlink(temporary).catch(() => undefined);
    throw error;
  }
};

/** Most results are not: zlib is loaded for those that are. */
const compressed = async (text: Iterable<Uint8Array>): Promise<Portions> => {
  const [{ pipeline, Readable }, { createGzip }] = await Promise.all([
    import('node:stream'),
    import('node:zlib'),
  ]);
  return pipeline(Readable.from(copies(text)), createGzip(), () => {}); // whoever reads it hears of errors
};

/** A stream asks for portions before it is done with those before. */
function* copies(text: Iterable<Uint8Array>): Iterable<Uint8Array> {
  for (const portion of text) yield new Uint8Array(portion);
}

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

type Result = 'snapshot' | 'report';

const OPTIONS: Readonly<Record<Result, string>> = { snapshot: '-o', report: '--json' };

/** With the option that names the file as `OPTION`. */
const REASONS: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  EEXIST: ['The file exists.', 'Choose another name with OPTION, or replace it with --force.'],
  ENOENT: ['Its folder does not exist.', 'Create the folder, or choose another name with OPTION.'],
  EACCES: ['You may not write there.', 'Choose another folder with OPTION.'],
  EPERM: ['You may not write there.', 'Choose another folder with OPTION.'],
  EROFS: ['The file system is read-only.', 'Choose another folder with OPTION.'],
  ENOSPC: [
    'The disk is full. Nothing was left behind.',
    'Free some space, or choose another folder with OPTION.',
  ],
  EDQUOT: [
    'Your disk quota is used up. Nothing was left behind.',
    'Free some space, or use OPTION elsewhere.',
  ],
  EPIPE: ['Whoever read it has gone.', 'Let it read to the end, or write a file: OPTION FILE.'],
  ENOTDIR: ['A part of its path is not a folder.', 'Choose another name with OPTION.'],
};

const cannotWrite = (what: Result, path: string, error: unknown): MemtraceError => {
  const code = error instanceof Object && 'code' in error ? String(error.code) : '';
  const [why, remedy] = REASONS[code] ?? [
    error instanceof Error ? error.message : String(error),
    'Choose another name with OPTION.',
  ];
  const explanation = {
    message: `cannot write the ${what} ${path}`,
    why,
    remedy: remedy.replace('OPTION', OPTIONS[what]),
    exitCode: 125,
  } as const;
  return code === 'EEXIST' ? new NameTaken(explanation) : new MemtraceError(explanation);
};
