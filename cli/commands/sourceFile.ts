/**
 * The text of a source file that a snapshot names: the file itself where it is still what the snapshot has kept of
 * it, else what the snapshot has kept, with a note.
 */
import { readFileSync } from 'node:fs';
import type { Snapshot, SourceLine } from '../../proto/snapshot.js';
import type { SourceOfFile } from '../../views/annotate.js';

export const sourceOfFile = (snapshot: Pick<Snapshot, 'sources'>, file: string): SourceOfFile => {
  const kept = Object.hasOwn(snapshot.sources, file) ? (snapshot.sources[file] ?? []) : [];
  const read = readBytes(file);
  if (typeof read === 'string') return onlyKept(kept, `${file} cannot be read (${read})`);
  const lines = linesOf(decode(read));
  const plain = linesOf(read.toString('utf8'));
  const hasChanged = kept.some(({ line, text }) => !(plain[line - 1] ?? '\0').startsWith(text));
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

/** What is no UTF-8 is read as Latin-1, in which every byte is a character. */
const decode = (bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
};

const linesOf = (text: string): readonly string[] => {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
};
