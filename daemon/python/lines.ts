/**
 * The lines of instructions, from a code object's line table as CPython keeps it. Pure.
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

/** Runs of instructions of one line, read once: a table can only be read from its start. */
export interface LineRuns {
  /** Offset behind each run, rising. */
  readonly ends: number[];
  /** Null: instructions that belong to no line. */
  readonly lines: (number | null)[];
}

export const lineRuns = (table: LineTable): LineRuns => {
  const runs: LineRuns = { ends: [], lines: [] };
  if (table.minor >= 11) readLocations(table, runs);
  else if (table.minor === 10) readLengths(table, runs);
  else readIncrements(table, runs);
  return runs;
};

/** @returns null for an instruction that belongs to no line, or that is not in the table */
export const lineAt = ({ ends, lines }: LineRuns, offset: number): number | null => {
  let from = 0;
  for (let to = ends.length; from < to; ) {
    const middle = (from + to) >> 1;
    if (offset < ends[middle]) to = middle;
    else from = middle + 1;
  }
  return from < lines.length ? lines[from] : null;
};

const addRun = ({ ends, lines }: LineRuns, end: number, line: number | null): void => {
  const last = lines.length - 1;
  if (last >= 0 && lines[last] === line) ends[last] = end;
  else if (end > (last >= 0 ? ends[last] : 0)) {
    ends.push(end);
    lines.push(line);
  }
};

const readIncrements = ({ firstLine, bytes }: LineTable, runs: LineRuns): void => {
  let line = firstLine;
  for (let at = 0, address = 0; at + 1 < bytes.length; at += 2) {
    address += bytes[at];
    addRun(runs, address, line);
    line += signed(bytes[at + 1]);
  }
  addRun(runs, Number.POSITIVE_INFINITY, line);
};

const NO_LINE = -128;

const readLengths = ({ firstLine, bytes }: LineTable, runs: LineRuns): void => {
  let line = firstLine;
  for (let at = 0, end = 0; at + 1 < bytes.length; at += 2) {
    end += bytes[at];
    const step = signed(bytes[at + 1]);
    if (step !== NO_LINE) line += step;
    addRun(runs, end, step === NO_LINE ? null : line);
  }
};

/** Codes of an entry's first byte, bits 3 … 6; below 10 a short form without a line increment. */
const ONE_LINE = 10;
const NO_COLUMNS = 13;
const LONG = 14;
const NO_LOCATION = 15;
const CODE_UNIT_BYTES = 2;

const readLocations = ({ firstLine, bytes }: LineTable, runs: LineRuns): void => {
  let line = firstLine;
  for (let at = 0, end = 0; at < bytes.length; ) {
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
    addRun(runs, end, code === NO_LOCATION ? null : line);
  }
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
