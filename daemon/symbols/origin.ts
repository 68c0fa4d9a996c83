/**
 * What names were made from, so that a remembered one is never older than what is installed: the file itself and the
 * symbolizer that read it; and, while the file's lines are not known, every place where they may be put.
 */
import { realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface NamedFile {
  /** see heldFile.ts */
  readonly identity: string;
  /** as its process sees it */
  readonly path: string;
  readonly buildId: string | null;
}

export interface Reader {
  /** of the symbolizer */
  readonly binary: string;
  readonly env: NodeJS.ProcessEnv;
}

/** One line. */
export const originOf = ({ identity }: NamedFile, { binary }: Reader): string =>
  `${identity} ${stamp(binary)}`;

/**
 * How the places look in which the symbolizer searches for a debug file, on one line: as
 * daemon/native/symbolizer/debug_dirs.c, and libdw's dwfl_standard_find_debuginfo for debug links. Such a link names a
 * file that only the ELF file knows: one that comes or goes is seen by its folder's time, one that is written over is not.
 */
export const debugPlacesOf = ({ path, buildId }: NamedFile, { env }: Reader): string =>
  [...new Set([dirname(path), dirname(realPath(path))])]
    .flatMap((folder) => debugPaths(env).flatMap((debugPath) => foldersFor(folder, debugPath, buildId)))
    .map(stamp)
    .join(' ');

/** '' is the file's own folder, as all relative ones are below that. */
const debugPaths = (env: NodeJS.ProcessEnv): readonly string[] => [
  '',
  '.debug',
  '/usr/lib/debug',
  ...(env.MEMTRACE_DEBUG_DIRS ?? '').split(':'),
];

const foldersFor = (folder: string, debugPath: string, buildId: string | null): readonly string[] => {
  if (!debugPath.startsWith('/')) return [join(folder, debugPath)];
  const below = folder.split('/').map((_, at, names) => join(debugPath, ...names.slice(at + 1)));
  return buildId
    ? [...below, join(debugPath, '.build-id', buildId.slice(0, 2), `${buildId.slice(2)}.debug`)]
    : below;
};

const realPath = (path: string): string => {
  try {
    return realpathSync.native(path);
  } catch {
    return path; // it is in another mount namespace, or gone
  }
};

const stamp = (path: string): string => {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat ? `${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}` : '-';
  } catch {
    return '?';
  }
};
