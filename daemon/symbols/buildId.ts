/** Reads the GNU build-id of an ELF file: the only proof that a file is the one a process has mapped. */
import { readSync } from 'node:fs';

const PT_NOTE = 4;
const NT_GNU_BUILD_ID = 3;
const NOTES_BYTES_MAX = 1 << 20;
const PROGRAM_HEADERS_MAX = 4096;

/**
 * @param fd an open file; its position is not moved
 * @returns lower-case hex, or null when it is no ELF file or has none
 */
export const readBuildId = (fd: number): string | null => {
  try {
    return buildIdOf(fd);
  } catch {
    return null; // unreadable, cut off, or offsets that point nowhere
  }
};

const readAt = (fd: number, offset: number, size: number): Buffer => {
  const buffer = Buffer.alloc(size);
  return buffer.subarray(0, readSync(fd, buffer, 0, size, offset));
};

const buildIdOf = (fd: number): string | null => {
  const header = readAt(fd, 0, 64);
  if (header.readUInt32BE(0) !== 0x7f454c46 || header[5] !== 1) return null; // "\x7fELF", little-endian
  const wide = header[4] === 2;
  const word = (b: Buffer, at64: number, at32: number): number =>
    wide ? Number(b.readBigUInt64LE(at64)) : b.readUInt32LE(at32);
  const tableOffset = word(header, 32, 28);
  const entrySize = header.readUInt16LE(wide ? 54 : 42);
  const count = Math.min(header.readUInt16LE(wide ? 56 : 44), PROGRAM_HEADERS_MAX);
  const table = readAt(fd, tableOffset, entrySize * count);
  for (let i = 0; i < count; i++) {
    const entry = table.subarray(i * entrySize, (i + 1) * entrySize);
    if (entry.readUInt32LE(0) !== PT_NOTE) continue;
    const size = Math.min(word(entry, 32, 16), NOTES_BYTES_MAX);
    const align = word(entry, 48, 28) === 8 ? 8 : 4;
    const found = buildIdInNotes(readAt(fd, word(entry, 8, 4), size), align);
    if (found) return found;
  }
  return null;
};

const buildIdInNotes = (notes: Buffer, align: number): string | null => {
  const padded = (size: number): number => Math.ceil(size / align) * align;
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameSize = notes.readUInt32LE(at);
    const size = notes.readUInt32LE(at + 4);
    const type = notes.readUInt32LE(at + 8);
    const data = at + padded(12 + nameSize);
    if (type === NT_GNU_BUILD_ID && notes.toString('latin1', at + 12, at + 12 + nameSize) === 'GNU\0')
      return notes.toString('hex', data, data + size);
    at = data + padded(size);
  }
  return null;
};
