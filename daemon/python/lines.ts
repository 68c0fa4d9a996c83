/**
 * The line of an instruction, from a code object's line table as CPython keeps it. Pure.
 *
 * Three formats: 3.6 … 3.9 co_lnotab (pairs of byte and line increments), 3.10 co_linetable (pairs of the length
 * of a run and a line increment, -128: no line), 3.11 on the location table (one entry of one to ten bytes for each
 * run of instructions: Objects/locations.md in CPython's source).
 */

export interface LineTable {
  /** Of Python 3. */
  readonly minor: number;
  readonly firstLine: number;
  readonly bytes: Uint8Array;
}

/** @returns null for an instruction that belongs to no line, or that is not in the table */
export const lineAt = (table: LineTable, offset: number): number | null => {
  if (table.minor >= 11) return lineInLocations(table, offset);
  return table.minor === 10 ? lineInRuns(table, offset) : lineInIncrements(table, offset);
};

const lineInIncrements = ({ firstLine, bytes }: LineTable, offset: number): number => {
  let line = firstLine;
  for (let at = 0, address = 0; at + 1 < bytes.length; at += 2) {
    address += bytes[at];
    if (address > offset) break;
    line += signed(bytes[at + 1]);
  }
  return line;
};

const NO_LINE = -128;

const lineInRuns = ({ firstLine, bytes }: LineTable, offset: number): number | null => {
  let line = firstLine;
  for (let at = 0, start = 0; at + 1 < bytes.length; at += 2) {
    const end = start + bytes[at];
    const step = signed(bytes[at + 1]);
    if (step !== NO_LINE) line += step;
    if (offset < end && end > start) return step === NO_LINE ? null : line;
    start = end;
  }
  return null;
};

/** Codes of an entry's first byte, bits 3 … 6; below 10 a short form without a line increment. */
const ONE_LINE = 10;
const NO_COLUMNS = 13;
const LONG = 14;
const NO_LOCATION = 15;
const CODE_UNIT_BYTES = 2;

const lineInLocations = ({ firstLine, bytes }: LineTable, offset: number): number | null => {
  let at = 0;
  let end = 0;
  let line = firstLine;
  while (at < bytes.length) {
    const first = bytes[at];
    at += 1;
    const code = (first >> 3) & 15;
    end += ((first & 7) + 1) * CODE_UNIT_BYTES;
    if (code < ONE_LINE) at += 1;
    else if (code < NO_COLUMNS) {
      line += code - ONE_LINE;
      at += 2;
    } else if (code !== NO_LOCATION) {
      line += numberAt(bytes, at);
      for (let field = code === LONG ? 4 : 1; field > 0; field -= 1) at = behindNumber(bytes, at);
    }
    if (offset < end) return code === NO_LOCATION ? null : line;
  }
  return null;
};

/** Six bits a byte, the lowest first; the seventh says that there are more. The lowest of all is the sign. */
const numberAt = (bytes: Uint8Array, from: number): number => {
  let value = 0;
  for (let at = from, shift = 0; at < bytes.length; at += 1, shift += 6) {
    value |= (bytes[at] & 63) << shift;
    if ((bytes[at] & 64) === 0) break;
  }
  return (value & 1) === 1 ? -(value >>> 1) : value >>> 1;
};

const behindNumber = (bytes: Uint8Array, from: number): number => {
  let at = from;
  while (at < bytes.length && (bytes[at] & 64) !== 0) at += 1;
  return at + 1;
};

const signed = (byte: number): number => (byte >= 128 ? byte - 256 : byte);
