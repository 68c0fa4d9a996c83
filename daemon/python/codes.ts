/**
 * The code objects of one process: reads the records that the shim wrote (struct python_code in proto/segment.h)
 * and names Python frames by them.
 *
 * Append-only, as the area is. A record is complete before a stack node names it.
 */
import {
  python_code as layout,
  NODE_PYTHON_OFFSET_MASK,
  PYTHON_CODES_START,
} from '../../proto/generated/layout.js';
import { type LineRuns, lineAt, lineRuns } from './lines.js';

export interface PythonPlace {
  /** From 0 on, without gaps. */
  readonly number: number;
  readonly function: string;
  readonly file: string;
  readonly line: number | null;
}

export interface PythonCodes {
  /** How many bytes of the area have been taken in. */
  readonly byteCount: () => number;
  /** Takes in what follows. */
  readonly add: (bytes: Uint8Array) => void;
  /**
   * @param code id from a stack node
   * @param offset of the instruction in it
   * @returns the same object for what says the same; null for a frame that does not run the program's code yet; tracemalloc leaves it out, too
   */
  readonly placeOf: (code: number, offset: number) => PythonPlace | null;
}

interface Code {
  /** Of Python 3. */
  readonly minor: number;
  readonly firstLine: number;
  readonly firstTraceable: number;
  readonly runs: LineRuns;
  readonly placeAt: (line: number | null) => PythonPlace;
}

const RECORD_UNIT = 8;
const LITTLE_ENDIAN = true;
const NOT_RECORDED = '[Python code not recorded]';

export const readPythonCodes = (): PythonCodes => {
  let area = Buffer.alloc(PYTHON_CODES_START);
  let used = PYTHON_CODES_START;
  const codes = new Map<number, Code | null>();
  /** By place in the area: many codes are of one file. */
  const files = new Map<number, string>();
  const placesOf = createPlaces();
  const notRecorded = placesOf(NOT_RECORDED, '')(null);

  const add = (bytes: Uint8Array) => {
    if (used + bytes.length > area.length) {
      const grown = Buffer.alloc(Math.max(area.length * 2, used + bytes.length));
      grown.set(area);
      area = grown;
    }
    area.set(bytes, used);
    used += bytes.length;
  };

  const codeOf = (id: number): Code | null => {
    const known = codes.get(id);
    if (known !== undefined) return known;
    const code = id === 0 ? null : readCode(area.subarray(0, used), id * RECORD_UNIT, files, placesOf);
    codes.set(id, code);
    return code;
  };

  const placeOf = (id: number, offset: number): PythonPlace | null => {
    const code = codeOf(id);
    if (!code) return notRecorded;
    const { firstLine, firstTraceable, minor } = code;
    if (offset === NODE_PYTHON_OFFSET_MASK) return minor >= 11 ? null : code.placeAt(firstLine);
    if (offset < firstTraceable) return null;
    const line = lineAt(code.runs, offset);
    return line === null && minor >= 11 ? null : code.placeAt(line);
  };

  return { byteCount: () => used, add, placeOf };
};

type PlacesOf = (name: string, file: string) => Code['placeAt'];

/** Codes of one name and file share theirs: a function that is made again and again is one. */
const createPlaces = (): PlacesOf => {
  const known = new Map<string, Map<number | null, PythonPlace>>();
  let count = 0;
  return (name, file) => {
    const key = `${name}\0${file}`;
    const places = known.get(key) ?? new Map<number | null, PythonPlace>();
    known.set(key, places);
    return (line) => {
      const before = places.get(line);
      if (before) return before;
      const place = { number: count, function: name, file, line };
      count += 1;
      places.set(line, place);
      return place;
    };
  };
};

/** Null for a record that is not one: the program may have overwritten it. */
const readCode = (area: Buffer, at: number, files: Map<number, string>, placesOf: PlacesOf): Code | null => {
  if (at < PYTHON_CODES_START || at + layout.bytes > area.length) return null;
  const view = new DataView(area.buffer, area.byteOffset + at, layout.bytes);
  const u32 = (offset: number) => view.getUint32(offset, LITTLE_ENDIAN);
  const nameAt = at + layout.bytes;
  const linesAt = nameAt + u32(layout.name_bytes);
  const end = linesAt + u32(layout.lines_bytes);
  const fileAt = u32(layout.file_offset);
  const fileEnd = fileAt + u32(layout.file_bytes);
  if (end > area.length || fileEnd > area.length) return null;
  const file = files.get(fileAt) ?? area.toString('utf8', fileAt, fileEnd);
  files.set(fileAt, file);
  const minor = view.getUint16(layout.minor, LITTLE_ENDIAN);
  const firstLine = view.getInt32(layout.first_line, LITTLE_ENDIAN);
  return {
    minor,
    firstLine,
    firstTraceable: u32(layout.first_traceable),
    runs: lineRuns({ minor, firstLine, bytes: area.subarray(linesAt, end) }),
    placeAt: placesOf(area.toString('utf8', nameAt, linesAt), file),
  };
};
