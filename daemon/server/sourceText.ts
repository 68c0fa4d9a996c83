/** The text of a source file, for clients: only files that the program's own frames name. */
import { readFile, stat } from 'node:fs/promises';
import type { Profile } from '../../views/profile.js';
import { linesOf } from '../../views/sourceLines.js';

export interface SourceFile {
  readonly lines: readonly string[] | null;
  readonly note: string | null;
}

const LARGEST_FILE = 4 << 20;
const LONGEST_LINE = 400;

export const sourceFile = async (profiles: readonly Profile[], file: string): Promise<SourceFile> => {
  const isNamed = profiles.some(({ frames }) => frames.some((frame) => frame.file === file));
  if (!isNamed) return { lines: null, note: `No frame of the program is in ${file}.` };
  try {
    const status = await stat(file);
    if (!status.isFile()) return { lines: null, note: `${file} is not a file.` };
    if (status.size > LARGEST_FILE) return { lines: null, note: `${file} is too large to be shown.` };
    const lines = linesOf(await readFile(file));
    return { lines: lines.map((line) => line.slice(0, LONGEST_LINE)), note: null };
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { lines: null, note: isMissing ? `${file} is not on this machine.` : `${file} cannot be read.` };
  }
};
