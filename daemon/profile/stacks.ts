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
} from '../../proto/generated/layout.js';
import type { Frame, Module } from '../../proto/snapshot.js';
import { NO_COLUMN, withRoom } from '../../views/column.js';
import { PYTHON_ARENAS } from '../../views/ownership.js';
import type { Stacks } from '../../views/profile.js';
import type { Core, Place } from '../core.js';
import { type PythonPlace, readPythonCodes } from '../python/codes.js';
import type { ModuleRef, SymbolFrame, Symbolizer } from '../symbols/symbolizer.js';

export interface NamedStacks {
  readonly modules: readonly Module[];
  readonly frames: readonly Frame[];
  /** As they are now: each call may give other arrays. */
  readonly stacks: () => Stacks;
  /** The stacks of nodes of the segment; a stack of one unknown frame for a node that is not there. */
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
  const pythonCodes = readPythonCodes();
  /** By what it says: instructions of one line share a frame. */
  const pythonFrames = new Map<string, number>();
  const nowhere: ModuleRef = { path: '', buildId: null, pid };
  let placeCount = 0;
  let stackCount = 0;
  let parents = NO_COLUMN;
  let frameOf = NO_COLUMN;
  let unknownStack = -1;

  const holdModules = () => {
    for (const { path, buildId } of core.modules(index, modules.length)) {
      const ref = { path, buildId, pid };
      modules.push({ path, buildId });
      refs.push(ref);
      symbolizer.hold(ref);
    }
  };

  /** @returns its number, for a line that is known already the same again */
  const pythonFrame = ({ function: name, file: from, line: at }: PythonPlace): number => {
    const key = `${at} ${name}\0${from}`;
    const known = pythonFrames.get(key);
    if (known !== undefined) return known;
    const file = from === '' ? null : from;
    // What runs before the first statement of a module has line 0.
    const line = at === 0 ? null : at;
    const frame = frames.push({ ...bareFrame, function: name, file, line, language: 'python' }) - 1;
    pythonFrames.set(key, frame);
    return frame;
  };

  /** @returns the number of the first frame of each place, and how many it has, as the core wants to be told */
  const framesOf = (places: readonly Place[], names: readonly (readonly SymbolFrame[])[]): Uint32Array => {
    const found = new Uint32Array(2 * places.length);
    let native = 0;
    places.forEach((place, at) => {
      if (place.module === MODULE_PYTHON) {
        const line = pythonCodes.placeOf(place.code, place.offset);
        if (line) found.set([pythonFrame(line), 1], 2 * at);
        return;
      }
      const named = names[native] ?? [];
      native += 1;
      // The hooks stand between the interpreter's frames.
      if (SHIM.test(modules[place.module]?.path ?? '')) return;
      // None is there where the program has overwritten how many there are.
      const module = modules[place.module] ? place.module : -1;
      const first = frames.length;
      found.set([first, appendFrames(frames, module, place.offset, named)], 2 * at);
    });
    return found;
  };

  const grow = (count: number) => {
    parents = withRoom(parents, stackCount + count);
    frameOf = withRoom(frameOf, stackCount + count);
    stackCount += core.growStacks(
      index,
      stackCount,
      parents.subarray(stackCount),
      frameOf.subarray(stackCount),
    );
  };

  const catchUp = async () => {
    // Nodes first: the modules and codes that they name are then there.
    const places = core.places(index, placeCount);
    holdModules();
    pythonCodes.add(core.pythonCodes(index, pythonCodes.byteCount()));
    const native = places.filter(({ module }) => module !== MODULE_PYTHON);
    const names = await symbolizer.lookup(
      native.map(({ module, lookup }) => ({ module: refs[module] ?? nowhere, address: lookup })),
    );
    const due = core.namePlaces(index, framesOf(places, names));
    placeCount += places.length;
    grow(due);
  };

  const unknown = (): number => {
    if (unknownStack < 0) {
      parents = withRoom(parents, stackCount + 1);
      frameOf = withRoom(frameOf, stackCount + 1);
      unknownStack = stackCount;
      parents[unknownStack] = -1;
      frameOf[unknownStack] = frames.push({ ...bareFrame, function: '[stack not recorded]' }) - 1;
      stackCount += 1;
    }
    return unknownStack;
  };

  return {
    modules,
    frames,
    stacks: () => ({ count: stackCount, parent: parents, frame: frameOf }),
    stacksOf: (nodes) => core.stacksOf(index, nodes).map((stack) => (stack < 0 ? unknown() : stack)),
    holdModules,
    catchUp,
  };
};

const SHIM = new RegExp(`/${SESSION_SHIM_LINK}$`);

const bareFrame: Frame = {
  function: null,
  file: null,
  line: null,
  module: -1,
  offset: 0,
  language: 'native',
  inlined: false,
};

/** @returns how many frames, outermost first */
const appendFrames = (
  frames: Frame[],
  module: number,
  offset: number,
  named: readonly SymbolFrame[],
): number => {
  if (module < 0 && offset === NODE_PC_OMITTED) {
    frames.push({ ...bareFrame, function: '[frames left out]' });
    return 1;
  }
  if (module < 0 && offset === NODE_PC_PYTHON_ARENA) {
    frames.push({ ...bareFrame, function: PYTHON_ARENAS });
    return 1;
  }
  if (named.length === 0) {
    frames.push({ ...bareFrame, module, offset });
    return 1;
  }
  for (let at = named.length - 1; at >= 0; at -= 1) {
    const { function: name, file, line, inlined } = named[at];
    frames.push({ function: name, file, line, module, offset, language: 'native', inlined });
  }
  return named.length;
};
