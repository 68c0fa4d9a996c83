/**
 * What an ELF file says about itself, as far as it decides what can be traced. Reads headers and symbol tables, never
 * code; a damaged file ends in null.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

export interface ElfFile {
  readonly bits: 32 | 64;
  readonly machine: number;
  /** The loader; null for a static file. */
  readonly interpreter: string | null;
  /** Sonames of the libraries it is linked to. */
  readonly needed: readonly string[];
  /** Names of sections. */
  readonly sections: ReadonlySet<string>;
  /** PT_GNU_EH_FRAME: what stacks are unwound by. */
  readonly hasUnwindTable: boolean;
  /** Lower-case hex. */
  readonly buildId: string | null;
  /** Whether it defines a function of this name: far quicker than all names, of which there may be many thousands. */
  readonly defines: (name: string) => boolean;
  /** The functions it defines, by name: those that other modules see, and with `all` symbols the inner ones. */
  readonly functions: () => ReadonlySet<string>;
}

const PT_INTERP = 3;
const PT_GNU_EH_FRAME = 0x6474e550;
const SHT_SYMTAB = 2;
const SHT_DYNAMIC = 6;
const SHT_NOTE = 7;
const SHT_DYNSYM = 11;
const DT_NEEDED = 1;
const SHN_UNDEF = 0;
const STT_FUNC = 2;
const TABLE_BYTES_MAX = 1 << 28;
const SECTIONS_MAX = 65_536;
/** Of one name; each is a search through all symbols. */
const PLACES_MAX = 64;

/** @param symbols `exported` reads the dynamic symbols only, which are few */
export const readElf = (path: string, symbols: 'exported' | 'all'): ElfFile | null => {
  let fd: number;
  try {
    // Non-blocking: a program may have put a pipe in the place of its file.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return null;
  }
  try {
    return fstatSync(fd).isFile() ? elfOf(fd, symbols) : null;
  } catch {
    return null; // cut off, or offsets that point nowhere
  } finally {
    closeSync(fd);
  }
};

interface Section {
  readonly name: number;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

const elfOf = (fd: number, symbols: 'exported' | 'all'): ElfFile | null => {
  const header = readAt(fd, 0, 64);
  if (header.length < 52 || header.readUInt32BE(0) !== 0x7f454c46 || header[5] !== 1) return null;
  const wide = header[4] === 2;
  const word = (b: Buffer, at64: number, at32: number): number =>
    wide ? Number(b.readBigUInt64LE(at64)) : b.readUInt32LE(at32);
  const segments = slices(
    readAt(
      fd,
      word(header, 32, 28),
      header.readUInt16LE(wide ? 54 : 42) * header.readUInt16LE(wide ? 56 : 44),
    ),
    header.readUInt16LE(wide ? 54 : 42),
  );
  const interpreter = segments.find((s) => s.readUInt32LE(0) === PT_INTERP);
  const sections = slices(
    readAt(
      fd,
      word(header, 40, 32),
      header.readUInt16LE(wide ? 58 : 46) * Math.min(header.readUInt16LE(wide ? 60 : 48), SECTIONS_MAX),
    ),
    header.readUInt16LE(wide ? 58 : 46),
  ).map(
    (s): Section => ({
      name: s.readUInt32LE(0),
      type: s.readUInt32LE(4),
      offset: word(s, 24, 16),
      size: Math.min(word(s, 32, 20), TABLE_BYTES_MAX),
      link: s.readUInt32LE(wide ? 40 : 24),
    }),
  );
  const contentOf = (section: Section | undefined): Buffer =>
    section ? readAt(fd, section.offset, section.size) : Buffer.alloc(0);
  const names = contentOf(sections[header.readUInt16LE(wide ? 62 : 50)]);
  const wanted = symbols === 'all' ? [SHT_DYNSYM, SHT_SYMTAB] : [SHT_DYNSYM];
  const tables = sections
    .filter(({ type }) => wanted.includes(type))
    .map(
      (table): SymbolTable => ({ table: contentOf(table), strings: contentOf(sections[table.link]), wide }),
    );
  const dynamic = sections.find(({ type }) => type === SHT_DYNAMIC);
  return {
    bits: wide ? 64 : 32,
    machine: header.readUInt16LE(18),
    interpreter: interpreter
      ? textAt(readAt(fd, word(interpreter, 8, 4), Math.min(word(interpreter, 32, 16), 4096)), 0)
      : null,
    needed: neededOf(contentOf(dynamic), contentOf(sections[dynamic?.link ?? -1]), wide),
    sections: new Set(sections.map(({ name }) => textAt(names, name))),
    hasUnwindTable: segments.some((s) => s.readUInt32LE(0) === PT_GNU_EH_FRAME),
    buildId: buildIdOf(
      sections.filter(({ type, name }) => type === SHT_NOTE && textAt(names, name) === '.note.gnu.build-id'),
      contentOf,
    ),
    defines: (name) =>
      tables.some((table) => {
        const places = placesOf(table.strings, name);
        if (places.size > PLACES_MAX) return namesOf(table).some((at) => places.has(at));
        return [...places].some((place) => definesAt(table, place));
      }),
    functions: () =>
      new Set(tables.flatMap((table) => namesOf(table).map((at) => textAt(table.strings, at)))),
  };
};

const readAt = (fd: number, offset: number, size: number): Buffer => {
  const buffer = Buffer.allocUnsafe(size);
  return buffer.subarray(0, readSync(fd, buffer, 0, size, offset));
};

const slices = (table: Buffer, size: number): readonly Buffer[] =>
  size === 0
    ? []
    : Array.from({ length: Math.floor(table.length / size) }, (_, i) =>
        table.subarray(i * size, (i + 1) * size),
      );

const textAt = (table: Buffer, at: number): string => {
  const end = table.indexOf(0, at);
  return table.toString('latin1', at, end < 0 ? table.length : end);
};

const neededOf = (dynamic: Buffer, strings: Buffer, wide: boolean): readonly string[] =>
  slices(dynamic, wide ? 16 : 8)
    .map((e) =>
      wide
        ? [Number(e.readBigInt64LE(0)), Number(e.readBigUInt64LE(8))]
        : [e.readInt32LE(0), e.readUInt32LE(4)],
    )
    .filter(([tag]) => tag === DT_NEEDED)
    .map(([, at]) => textAt(strings, at as number));

interface SymbolTable {
  readonly table: Buffer;
  readonly strings: Buffer;
  readonly wide: boolean;
}

/** Where the names of the functions it defines stand in its strings. */
const namesOf = (symbols: SymbolTable): readonly number[] => {
  const { table, wide } = symbols;
  const names: number[] = [];
  for (let at = 0; at + symbolBytes(wide) <= table.length; at += symbolBytes(wide))
    if (isDefinedFunction(symbols, at)) names.push(table.readUInt32LE(at));
  return names;
};

/** Whether one of these has its name at this place; what is no symbol's start but looks so is passed over. */
const definesAt = (symbols: SymbolTable, place: number): boolean => {
  const { table, wide } = symbols;
  const name = Buffer.alloc(4);
  name.writeUInt32LE(place);
  for (let at = table.indexOf(name); at >= 0; at = table.indexOf(name, at + 1))
    if (at % symbolBytes(wide) === 0 && isDefinedFunction(symbols, at)) return true;
  return false;
};

const symbolBytes = (wide: boolean): number => (wide ? 24 : 16);

const isDefinedFunction = ({ table, wide }: SymbolTable, at: number): boolean => {
  const [info, section] = wide ? [4, 6] : [12, 14];
  if (at + symbolBytes(wide) > table.length) return false;
  const isFunction = ((table[at + info] as number) & 15) === STT_FUNC;
  return isFunction && table.readUInt16LE(at + section) !== SHN_UNDEF;
};

/** Wherever this name may be said to stand: also at the end of a longer one. */
const placesOf = (strings: Buffer, name: string): ReadonlySet<number> => {
  const wanted = Buffer.from(`${name}\0`);
  const places = new Set<number>();
  for (let at = strings.indexOf(wanted); at >= 0; at = strings.indexOf(wanted, at + 1)) places.add(at);
  return places;
};

const buildIdOf = (notes: readonly Section[], contentOf: (s: Section) => Buffer): string | null => {
  const [note] = notes.map(contentOf);
  return note && note.length > 16 ? note.toString('hex', 16, 16 + note.readUInt32LE(4)) : null;
};
