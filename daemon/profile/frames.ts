/**
 * The frames that places show: an instruction has the name of its function, and those of the calls inlined there.
 *
 * Nothing here belongs to one process: V8 compiles the functions that are made for each of a tree's processes anew.
 */
import { MODULE_PYTHON, NODE_PC_OMITTED, NODE_PC_PYTHON_ARENA } from '../../proto/generated/layout.js';
import type { Frame } from '../../proto/snapshot.js';
import { PYTHON_ARENAS } from '../../views/ownership.js';
import type { Places } from '../core.js';
import type { SymbolFrame } from '../symbols/symbolizer.js';

/** Of each place. */
export type Names = readonly (readonly SymbolFrame[])[];

export const NO_NAMES: Names[number] = [];

/** Of the native places, in their order: of each of so many modules, and last of what is in none of them. */
export const addressesOf = ({ count, module, lookup }: Places, modules: number): readonly number[][] => {
  const addresses: number[][] = Array.from({ length: modules + 1 }, () => []);
  for (let at = 0; at < count; at += 1)
    if (module[at] !== MODULE_PYTHON) addresses[Math.min(module[at], modules)].push(lookup[at]);
  return addresses;
};

interface ProcessFrames {
  /** By module: whether it is the shim. */
  readonly ours: readonly boolean[];
  /** The number of the frame; -1 where none is shown. */
  readonly pythonFrame: (code: number, offset: number) => number;
  /** Grows. */
  readonly frames: Frame[];
}

/**
 * @param names as `addressesOf` has the addresses
 * @returns the number of the first frame of each place, and how many it has, as the core wants to be told
 */
export const framesOf = (
  { count, module, offset, code }: Places,
  names: readonly Names[],
  { ours, pythonFrame, frames }: ProcessFrames,
): Uint32Array => {
  const found = new Uint32Array(2 * count);
  const taken = new Uint32Array(names.length);
  const last = names.length - 1; // further modules may have come meanwhile
  for (let at = 0; at < count; at += 1) {
    if (module[at] === MODULE_PYTHON) {
      const frame = pythonFrame(code[at], offset[at]);
      if (frame < 0) continue;
      found[2 * at] = frame;
      found[2 * at + 1] = 1;
      continue;
    }
    const of = Math.min(module[at], last);
    const named = names[of][taken[of]];
    taken[of] += 1;
    // The hooks stand between the interpreter's frames.
    if (of < last && ours[of]) continue;
    found[2 * at] = frames.length;
    // None is there where the program has overwritten how many there are.
    found[2 * at + 1] = appendFrames(frames, of < last ? of : -1, offset[at], named);
  }
  return found;
};

/** One shape for all: there may be a hundred thousand, and they are read and written again and again. */
export const frameOf = (
  name: string | null,
  file: string | null,
  line: number | null,
  module: number,
  offset: number,
  language: Frame['language'],
  inlined: boolean,
): Frame => ({ function: name, file, line, module, offset, language, inlined });

export const bareFrame = (name: string | null, module: number, offset: number): Frame =>
  frameOf(name, null, null, module, offset, 'native', false);

/** @returns how many frames, outermost first */
const appendFrames = (frames: Frame[], module: number, offset: number, named: Names[number]): number => {
  if (named.length > 0 && !isMark(module, offset)) {
    for (let at = named.length - 1; at >= 0; at -= 1) {
      const { function: name, file, line, inlined } = named[at];
      frames.push(frameOf(name, file, line, module, offset, 'native', inlined));
    }
    return named.length;
  }
  frames.push(unnamedFrame(module, offset));
  return 1;
};

/** What the shim writes in place of an address. */
const isMark = (module: number, offset: number): boolean =>
  module < 0 && (offset === NODE_PC_OMITTED || offset === NODE_PC_PYTHON_ARENA);

const unnamedFrame = (module: number, offset: number): Frame => {
  if (!isMark(module, offset)) return bareFrame(null, module, offset);
  return bareFrame(offset === NODE_PC_OMITTED ? '[frames left out]' : PYTHON_ARENAS, -1, 0);
};
