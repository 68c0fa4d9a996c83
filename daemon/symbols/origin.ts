/**
 * What names were made from, so that a remembered one is never older than what is installed: the file itself and the
 * symbolizer that read it; and, while the file's lines are not known, every place where they may be put.
 */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the symbolizer looks too: daemon/native/symbolizer/debug_dirs.c. */
const debugTrees = (env: NodeJS.ProcessEnv): readonly string[] => [
  '/usr/lib/debug',
  ...(env.MEMTRACE_DEBUG_DIRS ?? '').split(':').filter((tree) => tree.startsWith('/')),
];

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
 * How the places look in which the symbolizer searches for a debug file, on one line. A debug link names a file that
 * only the ELF file knows: one that comes or goes is seen by its folder's time.
 */
export const debugPlacesOf = ({ path, buildId }: NamedFile, { env }: Reader): string => {
  const folder = dirname(path);
  const inTrees = debugTrees(env).flatMap((tree) => [
    join(tree, folder),
    ...(buildId ? [`${tree}/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`] : []),
  ]);
  return [folder, join(folder, '.debug'), ...inTrees].map(stamp).join(' ');
};

const stamp = (path: string): string => {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat ? `${stat.ino}:${stat.size}:${stat.mtimeMs}` : '-';
  } catch {
    return '?';
  }
};
