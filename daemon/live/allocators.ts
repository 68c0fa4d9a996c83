/** What is told of executables that bring an allocator with them. Each file is read once, however many processes run it. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { allocatorNote } from '../doctor/allocator.js';
import { type ElfFile, readElf } from '../doctor/elf.js';

const known = new Map<string, readonly string[]>();

/** A program that serves itself looks as if it allocated next to nothing. */
export const allocatorNotes = (executable: string): readonly string[] => {
  const file = fileKey(executable);
  const before = known.get(file);
  if (before) return before;
  const elf = readElf(executable, 'exported');
  if (!elf) return []; // for now: there may be no descriptor left
  const notes = notesOf(executable, elf);
  known.set(file, notes);
  return notes;
};

/** Another one when the file was built anew. */
const fileKey = (path: string): string => {
  try {
    const { dev, ino, size, mtimeMs } = statSync(path);
    return `${path} ${dev} ${ino} ${size} ${mtimeMs}`;
  } catch {
    return path; // it is gone, or out of reach
  }
};

const notesOf = (executable: string, elf: ElfFile): readonly string[] => {
  if (!elf.defines('malloc')) return [];
  const note = allocatorNote(basename(executable), elf.functions());
  return note ? [note] : [];
};
