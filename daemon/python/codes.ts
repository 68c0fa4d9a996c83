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
import { type LineTable, lineAt } from './lines.js';

export interface PythonPlace {
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
   * @returns the same object for the same line of a code; null for a frame that does not run the program's code yet; tracemalloc leaves it out, too
   */
  readonly placeOf: (code: number, offset: number) => PythonPlace | null;
}

interface Code extends LineTable {
  readonly name: string;
  readonly file: string;
  readonly firstTraceable: number;
  /** By line. */
  readonly places: Map<number | null, PythonPlace>;
}

const RECORD_UNIT = 8;
const LITTLE_ENDIAN = true;
const NOT_RECORDED: PythonPlace = { function: '[Python code not recorded]', file: '', line: null };

export const readPythonCodes = (): PythonCodes => {
  let area = new Uint8Array(PYTHON_CODES_START);
  let used = PYTHON_CODES_START;
  const codes = new Map<number, Code | null>();

  const add = (bytes: Uint8Array) => {
    if (used + bytes.length > area.length) {
      const grown = new Uint8Array(Math.max(area.length * 2, used + bytes.length));
      grown.set(area);
      area = grown;
    }
    area.set(bytes, used);
    used += bytes.length;
  };

  const codeOf = (id: number): Code | null => {
    const known = codes.get(id);
    if (known !== undefined) return known;
    const code = id === 0 ? null : readCode(area.subarray(0, used), id * RECORD_UNIT);
    codes.set(id, code);
    return code;
  };

  const placeOf = (id: number, offset: number): PythonPlace | null => {
    const code = codeOf(id);
    if (!code) return NOT_RECORDED;
    const { firstLine, firstTraceable, minor } = code;
    if (offset === NODE_PYTHON_OFFSET_MASK) return minor >= 11 ? null : placeIn(code, firstLine);
    if (offset < firstTraceable) return null;
    const line = lineAt(code, offset);
    return line === null && minor >= 11 ? null : placeIn(code, line);
  };

  return { byteCount: () => used, add, placeOf };
};

const placeIn = ({ name, file, places }: Code, line: number | null): PythonPlace => {
  const known = places.get(line);
  if (known) return known;
  const place = { function: name, file, line };
  places.set(line, place);
  return place;
};

/** Null for a record that is not one: the program may have overwritten it. */
const readCode = (area: Uint8Array, at: number): Code | null => {
  if (at < PYTHON_CODES_START || at + layout.bytes > area.length) return null;
  const view = new DataView(area.buffer, area.byteOffset + at, layout.bytes);
  const u32 = (offset: number) => view.getUint32(offset, LITTLE_ENDIAN);
  const name = at + layout.bytes;
  const lines = name + u32(layout.name_bytes);
  const end = lines + u32(layout.lines_bytes);
  const file = u32(layout.file_offset);
  if (end > area.length || file + u32(layout.file_bytes) > area.length) return null;
  return {
    name: text(area.subarray(name, lines)),
    file: text(area.subarray(file, file + u32(layout.file_bytes))),
    minor: view.getUint16(layout.minor, LITTLE_ENDIAN),
    firstLine: view.getInt32(layout.first_line, LITTLE_ENDIAN),
    firstTraceable: u32(layout.first_traceable),
    bytes: area.slice(lines, end),
    places: new Map(),
  };
};

const decoder = new TextDecoder();
const text = (bytes: Uint8Array): string => decoder.decode(bytes);
