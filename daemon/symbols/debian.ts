/** Which Debian package has the debug information of a file. */
import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Packages whose debug information is in the main archive; all others have a NAME-dbgsym in the debug archive. */
const inMainArchive: readonly (readonly [RegExp, string])[] = [
  [/^libc6$/, 'libc6-dbg'],
  [/^((?:lib)?python3\.\d+)(?:-minimal|-stdlib)?$/, '$1-dbg'],
];

/** @returns the command to get it, or null when no package has the file */
export const debugPackageHint = async (path: string): Promise<string | null> => {
  const real = await realpath(path).catch(() => path);
  // The package database knows files of a merged /usr by their old names, the kernel by their new ones.
  const names = new Set([
    path,
    real,
    path.replace(/^\/usr(?=\/lib)/, ''),
    real.replace(/^\/usr(?=\/lib)/, ''),
  ]);
  for (const name of names) {
    const owner = await ownerOf(name);
    if (owner !== null) return remedyFor(owner);
  }
  return null;
};

const ownerOf = async (path: string): Promise<string | null> => {
  try {
    const { stdout } = await run('dpkg-query', ['-S', path], {
      timeout: 10_000,
      env: { ...process.env, LC_ALL: 'C' },
    });
    return /^([^\s:,]+)/.exec(stdout.replace(/^diversion by .*\n/gm, ''))?.[1] ?? null;
  } catch {
    return null; // not a Debian system, or nobody's file
  }
};

const remedyFor = (owner: string): string => {
  for (const [pattern, name] of inMainArchive)
    if (pattern.test(owner)) return `apt-get install ${owner.replace(pattern, name)}`;
  return `apt-get install ${owner}-dbgsym (from the debug archive: https://wiki.debian.org/HowToGetABacktrace)`;
};
