/**
 * Reads a snapshot file, plain or gzip by content, and refuses what is not one: each refusal says what happened,
 * why, and what to do.
 */
import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { SNAPSHOT_SCHEMA } from '../proto/snapshot.js';
import { checkSnapshot } from './check.js';
import { MemtraceError } from './error.js';
import { type Recording, recordingOf } from './profile.js';
import { named } from './text.js';

const FAMILY = 'memtrace.snapshot/';
const TAKE_AGAIN = 'Take it again with `memtrace run -o FILE -- program` or `memtrace dump -o FILE`.';
const STDIN = 0;
/** What a string of V8 holds. */
const LONGEST_TEXT = 0x1fffffe8;
const TOO_LARGE = [
  'It is larger than this reader takes in (512 MiB).',
  'Take a snapshot of a shorter run.',
] as const;

/**
 * @param path a file, or "-" for standard input
 * @throws MemtraceError with exit code 1
 */
export const readSnapshot = (path: string): Recording => {
  const name = path === '-' ? 'standard input' : named(path);
  return parseSnapshot(unpack(readBytes(path, name), name), name);
};

/**
 * @param text the whole file
 * @param name how errors call it
 * @throws MemtraceError with exit code 1
 */
export const parseSnapshot = (text: string, name: string): Recording => {
  const refuse = (why: string, remedy: string = TAKE_AGAIN): MemtraceError =>
    new MemtraceError({ message: `cannot read the snapshot ${name}`, why, remedy });

  if (text.trim() === '') throw refuse('The file is empty: whoever wrote it was cut short.');
  const value = parseJson(text, refuse);
  const schema = schemaOf(value);
  if (schema === null)
    throw refuse(
      'It is JSON, but not a memtrace snapshot: it does not say `"schema": "memtrace.snapshot/1"`.',
      'Give a file that `memtrace run` or `memtrace dump` wrote.',
    );
  if (!schema.startsWith(FAMILY))
    throw refuse(`It is a ${schema}, not a snapshot.`, 'Give the snapshot that it was made from.');
  if (schema !== SNAPSHOT_SCHEMA)
    throw refuse(
      `It is a ${schema}, and this memtrace reads only ${SNAPSHOT_SCHEMA}: another version of memtrace wrote it.`,
      'Read it with the memtrace that wrote it, or update this one.',
    );
  const checked = checkSnapshot(value);
  if (checked.ok) return recordingOf(checked.snapshot);
  throw refuse(
    `It breaks the rules of ${SNAPSHOT_SCHEMA}: ${checked.fault}.`,
    'If memtrace wrote the file, please report this; if another tool did, check it against proto/snapshot.schema.json.',
  );
};

const readBytes = (path: string, name: string): Buffer => {
  try {
    if (path !== '-' && statSync(path).isCharacterDevice())
      throw Object.assign(new Error(), { code: DEVICE });
    return readFileSync(path === '-' ? STDIN : path);
  } catch (error) {
    const { why, remedy } = REFUSALS[errorCode(error)] ?? {
      why: error instanceof Error ? `${error.message}.` : String(error),
      remedy: 'Check the path and the file system.',
    };
    throw new MemtraceError({ message: `cannot read ${name}`, why, remedy });
  }
};

/** One that may never end, such as /dev/zero; beside the codes of the system. */
const DEVICE = 'a device';

const REFUSALS: Readonly<Record<string, { readonly why: string; readonly remedy: string } | undefined>> = {
  ENOENT: {
    why: 'There is no such file.',
    remedy:
      'Check the path; without -o, `memtrace run` writes memtrace.<name>.<pid>.json into the folder it is started in.',
  },
  EACCES: {
    why: 'You have no permission to read it: snapshots are private to who took them (mode 0600).',
    remedy: 'Ask its owner for a copy, or read it as that user.',
  },
  EISDIR: { why: 'It is a folder.', remedy: 'Give the snapshot file inside it.' },
  [DEVICE]: { why: 'It is a device.', remedy: 'Give a file, or `-` for standard input.' },
  ERR_FS_FILE_TOO_LARGE: {
    why: TOO_LARGE[0],
    remedy: TOO_LARGE[1],
  },
};

const unpack = (bytes: Buffer, name: string): string => {
  const refuse = (why: string, remedy: string) =>
    new MemtraceError({ message: `cannot read the snapshot ${name}`, why, remedy });
  let plain = bytes;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      plain = gunzipSync(bytes, { maxOutputLength: LONGEST_TEXT });
    } catch (error) {
      if (errorCode(error) === 'ERR_BUFFER_TOO_LARGE') throw refuse(...TOO_LARGE);
      throw errorCode(error) === 'Z_BUF_ERROR'
        ? refuse('The compressed file is cut short.', TAKE_AGAIN)
        : refuse(
            'The compressed file is damaged.',
            'Copy it again from where it came; `gzip -t` tells whether it is whole.',
          );
    }
  }
  try {
    return plain.toString('utf8').replace(/^\uFEFF/, '');
  } catch {
    throw refuse(...TOO_LARGE);
  }
};

const parseJson = (text: string, refuse: (why: string, remedy?: string) => MemtraceError): unknown => {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    const position = Number(/position (\d+)/.exec(said)?.[1] ?? Number.NaN);
    const atEnd = /end of JSON|Unterminated/.test(said) || position >= text.trimEnd().length;
    if (text.trimStart().startsWith('{') && atEnd)
      throw refuse(
        `The file is cut short after ${text.length} characters: whoever wrote or copied it was stopped.`,
      );
    throw refuse('It is not JSON.', 'Give a file that `memtrace run` or `memtrace dump` wrote.');
  }
};

/** "memtrace.…/N", or null where the value is nothing of memtrace's. */
const schemaOf = (value: unknown): string | null => {
  if (typeof value !== 'object' || value === null || !('schema' in value)) return null;
  return typeof value.schema === 'string' && value.schema.startsWith('memtrace.') ? value.schema : null;
};

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
