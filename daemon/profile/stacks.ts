/**
 * One process's stacks with names: asks for the names of the places that its nodes name, and has the core grow the
 * stacks of a Profile from them, inlined frames included.
 *
 * Append-only: a node that was named once keeps its stack. Owned by daemon/profile/process.ts.
 */

import {
  MODULE_PYTHON,
  NODE_PC_OMITTED,
  NODE_PC_PYTHON_ARENA,
  SESSION_SHIM_LINK,
  STACK_FIRST_NODE,
} from '../../proto/generated/layout.js';
import type { Frame, Module } from '../../proto/snapshot.js';
import { NO_COLUMN, withRoom } from '../../views/column.js';
import { PYTHON_ARENAS } from '../../views/ownership.js';
import type { Stacks } from '../../views/profile.js';
import type { Core, Places } from '../core.js';
import { type PythonPlace, readPythonCodes } from '../python/codes.js';
import type { ModuleRef, SymbolFrame, Symbolizer } from '../symbols/symbolizer.js';

export interface NamedStacks {
  readonly modules: readonly Module[];
  readonly frames: readonly Frame[];
  /** As they are now: each call may give other arrays. */
  readonly stacks: () => Stacks;
  /** The stacks of nodes of the segment; for a node that is not there, or shows no frame, a stack of one that says so. */
  readonly stacksOf: (nodes: Uint32Array) => Int32Array;
  /** Takes in the modules seen since. */
  readonly holdModules: () => void;
  /** Names what came since and appends its stacks. One call at a time. */
  readonly catchUp: () => Promise<void>;
}

/**
 * @param index of the process in the core
 * @param pid of the process, by which the symbolizer reaches files of another mount namespace
 */
export const nameStacks = (core: Core, symbolizer: Symbolizer, index: number, pid: number): NamedStacks => {
  const modules: Module[] = [];
  const frames: Frame[] = [];
  const refs: ModuleRef[] = [];
  /** By module: whether it is the shim. */
  const ours: boolean[] = [];
  const pythonCodes = readPythonCodes();
  /** By number of the place. */
  const pythonFrames: number[] = [];
  let placeCount = 0;
  let stackCount = 0;
  let parents = NO_COLUMN;
  let frameColumn = NO_COLUMN;
  /** By name: those of one frame that is in no module. */
  const bareStacks = new Map<string, number>();

  /** Those before it are complete. One that is still being written is read again; no node names it before. */
  let completeModules = 0;

  const holdModules = () => {
    const from = completeModules;
    let incomplete = false;
    for (const [at, { end, path, buildId }] of core.modules(index, from).entries()) {
      const ref = { path, buildId, pid };
      modules[from + at] = { path, buildId };
      refs[from + at] = ref;
      ours[from + at] = SHIM.test(path);
      if (end > 0) symbolizer.hold(ref);
      else incomplete = true;
      if (!incomplete) completeModules += 1;
    }
  };

  const pythonFrame = ({ number, function: name, file, line }: PythonPlace): number => {
    // What runs before the first statement of a module has line 0.
    pythonFrames[number] ??=
      frames.push(frameOf(name, file || null, line || null, -1, 0, 'python', false)) - 1;
    return pythonFrames[number];
  };

  /** The names of the native places, in their order: of each module, and last of what is in none that is there. */
  const lookUp = ({ count, module, lookup }: Places): Promise<readonly Names[]> => {
    const last = refs.length;
    const addresses: number[][] = Array.from({ length: last + 1 }, () => []);
    for (let at = 0; at < count; at += 1)
      if (module[at] !== MODULE_PYTHON) addresses[Math.min(module[at], last)].push(lookup[at]);
    // Of what is in no module nobody knows a name: a run does without the symbolizer where it can.
    const namesOf = (each: readonly number[], at: number): Names | Promise<Names> =>
      each.length === 0 || at === last ? each.map(() => NO_NAMES) : symbolizer.lookup(refs[at], each);
    return Promise.all(addresses.map(namesOf));
  };

  /** @returns the number of the first frame of each place, and how many it has, as the core wants to be told */
  const framesOf = (places: Places, names: readonly Names[]): Uint32Array => {
    const { count, module, offset, code } = places;
    const found = new Uint32Array(2 * count);
    const taken = new Uint32Array(names.length);
    const last = names.length - 1; // further modules may have come meanwhile
    for (let at = 0; at < count; at += 1) {
      if (module[at] === MODULE_PYTHON) {
        const place = pythonCodes.placeOf(code[at], offset[at]);
        if (!place) continue;
        found[2 * at] = pythonFrame(place);
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

  const grow = (count: number) => {
    parents = withRoom(parents, stackCount + count);
    frameColumn = withRoom(frameColumn, stackCount + count);
    stackCount += core.growStacks(
      index,
      stackCount,
      parents.subarray(stackCount),
      frameColumn.subarray(stackCount),
    );
  };

  const catchUp = async () => {
    // Nodes first: the modules and codes that they name are then there.
    const places = core.places(index, placeCount);
    holdModules();
    pythonCodes.add(core.pythonCodes(index, pythonCodes.byteCount()));
    const due = core.namePlaces(index, framesOf(places, await lookUp(places)));
    placeCount += places.count;
    grow(due);
  };

  const bareStack = (name: string): number => {
    const known = bareStacks.get(name);
    if (known !== undefined) return known;
    parents = withRoom(parents, stackCount + 1);
    frameColumn = withRoom(frameColumn, stackCount + 1);
    parents[stackCount] = -1;
    frameColumn[stackCount] = frames.push(bareFrame(name, -1, 0)) - 1;
    bareStacks.set(name, stackCount);
    stackCount += 1;
    return stackCount - 1;
  };

  /** What makes the variables of the outermost Python function of a thread or greenlet is in no line of it yet. */
  const isUnbegun = (node: number): boolean => node >= STACK_FIRST_NODE && pythonFrames.length > 0;
  const withoutFrames = (node: number): number => bareStack(isUnbegun(node) ? UNBEGUN : NOT_RECORDED);

  return {
    modules,
    frames,
    stacks: () => ({ count: stackCount, parent: parents, frame: frameColumn }),
    stacksOf: (nodes) =>
      core.stacksOf(index, nodes).map((stack, at) => (stack < 0 ? withoutFrames(nodes[at]) : stack)),
    holdModules,
    catchUp,
  };
};

/** Of each place. */
type Names = readonly (readonly SymbolFrame[])[];

const NO_NAMES: Names[number] = [];

const NOT_RECORDED = '[stack not recorded]';
const UNBEGUN = '[Python function that begins]';

const SHIM = new RegExp(`/${SESSION_SHIM_LINK}$`);

/** One shape for all: there may be a hundred thousand, and they are read and written again and again. */
const frameOf = (
  name: string | null,
  file: string | null,
  line: number | null,
  module: number,
  offset: number,
  language: Frame['language'],
  inlined: boolean,
): Frame => ({ function: name, file, line, module, offset, language, inlined });

const bareFrame = (name: string | null, module: number, offset: number): Frame =>
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
