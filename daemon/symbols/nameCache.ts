/**
 * Names on disk, for the next run: reading a large library's debug information takes longer than many a program. One
 * file for each module (namesText.ts, below a head); believed only where what they were made from is still the same.
 * Never throws and never says anything: without it names are only slower.
 */
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isPrivate } from '../session/places.js';
import { type KnownNames, namesIn, namesText } from './namesText.js';
import { debugPlacesOf, type NamedFile, originOf, type Reader } from './origin.js';

/** What became known of a file, with what was known before. */
export interface Lesson {
  readonly file: NamedFile;
  readonly names: KnownNames;
}

export interface NameCache {
  /** @returns null when nothing is known that still holds */
  load(file: NamedFile): KnownNames | null;
  /** Of files that `load` was called for. */
  save(lessons: readonly Lesson[]): void;
}

const VERSION = 'memtrace-names 3';
/** Ours in a folder that may hold other things, too; what follows is a draft. */
const SUFFIX = '.memtrace-names';
const OURS = /^[\w.-]+\.memtrace-names(\.\w+)?$/;
/** Names without lines are looked up again after a day: a debug file may have come in a way that nobody sees. */
const LINELESS_FOR_MS = 24 * 60 * 60 * 1000;
/** All of a file's names are read by whoever needs one: more than this costs more than asking. */
const FILE_BYTES_MAX = 8 << 20;
const FOLDER_BYTES_MAX = 256 << 20;

/** $MEMTRACE_CACHE_DIR, where an empty one means none, else below the user's cache folder. */
export const nameCacheFolder = (env: NodeJS.ProcessEnv): string | null => {
  if (env.MEMTRACE_CACHE_DIR !== undefined)
    return env.MEMTRACE_CACHE_DIR.startsWith('/') ? env.MEMTRACE_CACHE_DIR : null;
  if (env.XDG_CACHE_HOME?.startsWith('/')) return join(env.XDG_CACHE_HOME, 'memtrace');
  return env.HOME?.startsWith('/') ? join(env.HOME, '.cache', 'memtrace') : null;
};

export const openNameCache = (folder: string, reader: Reader, uid = process.geteuid?.() ?? 0): NameCache => {
  const pathOf = ({ buildId, identity }: NamedFile): string =>
    join(folder, `${buildId ?? `file-${identity.replaceAll(':', '-')}`}${SUFFIX}`);
  /** What is there, before the symbolizer looks. */
  const heads = new Map<string, readonly string[]>();

  const textOf = ({ file, names }: Lesson): string => {
    const head = heads.get(pathOf(file)) ?? [];
    const body = namesText(names);
    return [...head, `${body.length} characters`, body].join('\n');
  };

  return {
    load: (file) => {
      const path = pathOf(file);
      const head = [VERSION, originOf(file, reader), debugPlacesOf(file, reader)];
      heads.set(path, head);
      try {
        if (!isPrivate(folder, uid)) return null;
        const ageMs = Date.now() - statSync(path).mtimeMs;
        return believed(readFileSync(path, 'utf8'), head, ageMs >= 0 && ageMs < LINELESS_FOR_MS);
      } catch {
        return null; // none
      }
    },
    save: (lessons) => {
      if (lessons.length === 0 || !makeFolder(folder, uid)) return;
      for (const lesson of lessons) {
        const text = textOf(lesson);
        if (text.length <= FILE_BYTES_MAX) replaceFile(pathOf(lesson.file), text);
      }
      try {
        prune(folder);
      } catch {
        // the folder is gone
      }
    },
  };
};

const believed = (text: string, head: readonly string[], isFresh: boolean): KnownNames | null => {
  const [version, origin, places, size, body = ''] = text.split('\n');
  if (version !== head[0] || origin !== head[1] || size !== `${body.length} characters`) return null;
  const names = namesIn(body);
  // Who has the lines of a file needs no debug file that came since.
  const isLast = names?.answer.status?.state === 'lines' || (places === head[2] && isFresh);
  return isLast ? names : null;
};

/** Below what is another user's, such as a HOME that sudo kept, nothing is made: its owner could not use it. */
const makeFolder = (folder: string, uid: number): boolean => {
  try {
    if (!lstatSync(folder, { throwIfNoEntry: false })) makeBelow(dirname(folder), folder, uid);
    return isPrivate(folder, uid);
  } catch {
    return false; // there is a file, a read-only disk, …
  }
};

/** Step by step: mkdir's own recursion never ends in /proc. */
const makeBelow = (above: string, folder: string, uid: number): void => {
  if (!lstatSync(above, { throwIfNoEntry: false })) makeBelow(dirname(above), above, uid);
  if (lstatSync(above).uid === uid) mkdirSync(folder, { mode: 0o700 });
};

/** Whole or not at all: two memtraces may write the same one. */
const replaceFile = (path: string, text: string): void => {
  const draft = `${path}.${process.pid}_${Math.random().toString(36).slice(2)}`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    renameSync(draft, path);
  } catch {
    rmSync(draft, { force: true });
  }
};

/** Ours alone, and what was not used for longest first: the folder may be somebody's home. */
const prune = (folder: string): void => {
  const files = readdirSync(folder)
    .filter((name) => OURS.test(name))
    .flatMap((name) => {
      const path = join(folder, name);
      const stat = lstatSync(path, { throwIfNoEntry: false }); // another memtrace prunes, too
      return stat?.isFile() ? [{ path, size: stat.size, usedMs: Math.max(stat.atimeMs, stat.mtimeMs) }] : [];
    });
  let bytes = files.reduce((sum, file) => sum + file.size, 0);
  for (const { path, size } of files.sort((a, b) => a.usedMs - b.usedMs)) {
    if (bytes <= FOLDER_BYTES_MAX) return;
    rmSync(path, { force: true });
    bytes -= size;
  }
};
