/**
 * The text of a source file that a snapshot names: the file itself where it is still what the snapshot has kept of
 * it, else what the snapshot has kept, with a note.
 */
import { readFileSync } from 'node:fs';
import type { Snapshot, SourceLine } from '../../proto/snapshot.js';
import type { SourceOfFile } from '../../views/annotate.js';
import { linesIn, linesOf } from '../../views/sourceLines.js';

export const sourceOfFile = (snapshot: Pick<Snapshot, 'sources'>, file: string): SourceOfFile => {
  const kept = Object.hasOwn(snapshot.sources, file) ? (snapshot.sources[file] ?? []) : [];
  const read = readBytes(file);
  if (typeof read === 'string') return onlyKept(kept, `${file} cannot be read (${read})`);
  const lines = linesOf(read);
  // Older snapshots have kept what is no UTF-8 as if it were.
  const texts = [lines, linesIn(read.toString('utf8'))];
  const hasChanged = !texts.some((text) =>
    kept.every(({ line, text: before }) => (text[line - 1] ?? '\0').startsWith(before)),
  );
  if (hasChanged) return onlyKept(kept, `${file} has changed since it was traced`);
  return { text: new Map(lines.map((text, at) => [at + 1, text])), notes: [] };
};

const onlyKept = (kept: readonly SourceLine[], what: string): SourceOfFile => ({
  text: new Map(kept.map(({ line, text }) => [line, text])),
  notes: [`${what}: only the lines that the snapshot has kept are shown`],
});

/** Or why not. */
const readBytes = (file: string): Buffer | string => {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return code === 'ENOENT' ? 'there is no such file' : code;
  }
};
