/**
 * One process's stacks with names: asks for the names of the places that its nodes name, and has the core grow the
 * stacks of a Profile from them, inlined frames included.
 *
 * Append-only: a node that was named once keeps its stack. Owned by daemon/profile/process.ts.
 */

import { SESSION_SHIM_LINK, STACK_FIRST_NODE } from '../../proto/generated/layout.js';
import type { Frame, Module } from '../../proto/snapshot.js';
import { NO_COLUMN, withRoom } from '../../views/column.js';
import type { Stacks } from '../../views/profile.js';
import type { Core, Places } from '../core.js';
import { type PythonPlace, readPythonCodes } from '../python/codes.js';
import type { ModuleRef, Symbolizer } from '../symbols/symbolizer.js';
import { addressesOf, bareFrame, frameOf, framesOf, type Names, NO_NAMES } from './frames.js';

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

  const frameOfPlace = ({ number, function: name, file, line }: PythonPlace): number => {
    // What runs before the first statement of a module has line 0.
    pythonFrames[number] ??=
      frames.push(frameOf(name, file || null, line || null, -1, 0, 'python', false)) - 1;
    return pythonFrames[number];
  };

  /** Of the Python frame at an instruction; -1 where none is shown. */
  const pythonFrame = (code: number, offset: number): number => {
    const place = pythonCodes.placeOf(code, offset);
    return place ? frameOfPlace(place) : -1;
  };

  /** The names of the native places, in their order: of each module, and last of what is in none that is there. */
  const lookUp = (places: Places): Promise<readonly Names[]> => {
    const last = refs.length;
    // Of what is in no module nobody knows a name: a run does without the symbolizer where it can.
    const namesOf = (each: readonly number[], at: number): Names | Promise<Names> =>
      each.length === 0 || at === last ? each.map(() => NO_NAMES) : symbolizer.lookup(refs[at], each);
    return Promise.all(addressesOf(places, last).map(namesOf));
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
    const due = core.namePlaces(index, framesOf(places, await lookUp(places), { ours, pythonFrame, frames }));
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

const NOT_RECORDED = '[stack not recorded]';
const UNBEGUN = '[Python function that begins]';

const SHIM = new RegExp(`/${SESSION_SHIM_LINK}$`);
