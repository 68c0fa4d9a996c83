/**
 * One process's stacks with names: turns the nodes of the segment's stack table (a return address each) into the
 * frames and stacks of a Profile, inlined frames included.
 *
 * Append-only: a node that was named once keeps its place. Owned by daemon/profile/process.ts.
 */

import {
  MODULE_NONE,
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
import type { ModuleRecord, NodeTable } from '../core.js';
import { type PythonPlace, readPythonCodes } from '../python/codes.js';
import type { ModuleRef, SymbolFrame, Symbolizer } from '../symbols/symbolizer.js';
import { growingStacks } from './growingStacks.js';
import { createPlaces, type Place } from './places.js';

export interface NamedStacks {
  readonly modules: readonly Module[];
  readonly frames: readonly Frame[];
  /** As they are now: each call may give other arrays. */
  readonly stacks: () => Stacks;
  /** The stack of a node of the segment; a stack of one unknown frame for a node that is not there. */
  readonly stackOf: (node: number) => number;
  /** How many nodes have been taken in: the next `nodes(from)` starts there. */
  readonly nodeCount: () => number;
  readonly moduleCount: () => number;
  /** How many bytes of Python code records have been taken in. */
  readonly pythonCodeBytes: () => number;
  readonly addPythonCodes: (bytes: Uint8Array) => void;
  readonly addModules: (modules: readonly ModuleRecord[]) => void;
  /** Names the nodes and appends their stacks; nodes must follow on those taken in before. */
  readonly addNodes: (nodes: NodeTable) => Promise<void>;
}

/** @param pid of the process, by which the symbolizer reaches files of another mount namespace */
export const nameStacks = (symbolizer: Symbolizer, pid: number): NamedStacks => {
  const records: ModuleRecord[] = [];
  const modules: Module[] = [];
  const frames: Frame[] = [];
  const stacks = growingStacks();
  let stackOfNode = withRoom(NO_COLUMN, STACK_FIRST_NODE).fill(-1);
  let nodeCount = STACK_FIRST_NODE;
  const refs: ModuleRef[] = [];
  const isShim: boolean[] = [];
  const places = createPlaces();
  /** By place: how many frames are there, and the first: the function itself, then what is inlined in it. */
  const frameCounts: number[] = [];
  const firstFrames: number[] = [];
  const pythonCodes = readPythonCodes();
  /** By code, then by offset; empty for a frame that is to be left out. */
  const knownPython = new Map<number, Map<number, readonly number[]>>();
  /** By what it says: instructions of one line share a frame. */
  const pythonFrames = new Map<string, number>();
  const nowhere: ModuleRef = { path: '', buildId: null, pid };
  let unknownStack = -1;

  const addModules = (added: readonly ModuleRecord[]) => {
    for (const record of added) {
      records.push(record);
      modules.push({ path: record.path, buildId: record.buildId });
      const ref = { path: record.path, buildId: record.buildId, pid };
      refs.push(ref);
      isShim.push(SHIM.test(record.path));
      symbolizer.hold(ref);
    }
  };

  const pythonFrameAt = (code: number, offset: number): readonly number[] => {
    const offsets = knownPython.get(code) ?? new Map<number, readonly number[]>();
    knownPython.set(code, offsets);
    const found = offsets.get(offset);
    if (found) return found;
    const place = pythonCodes.placeOf(code, offset);
    const made = place ? [pythonFrame(place)] : [];
    offsets.set(offset, made);
    return made;
  };

  const pythonFrame = (place: PythonPlace): number => {
    const key = `${place.line} ${place.function}\0${place.file}`;
    const known = pythonFrames.get(key);
    if (known !== undefined) return known;
    const file = place.file === '' ? null : place.file;
    // What runs before the first statement of a module has line 0.
    const line = place.line === 0 ? null : place.line;
    frames.push({ ...bareFrame, function: place.function, file, line, language: 'python' });
    pythonFrames.set(key, frames.length - 1);
    return frames.length - 1;
  };

  const placeOf = (nodes: NodeTable, at: number): number => {
    const pc = nodes.pc[at];
    const index = nodes.module[at];
    const record = index === MODULE_NONE ? undefined : records[index];
    const offset = record ? pc - record.bias : pc;
    return places.intern(record ? index : -1, nodes.exact[at] === 1 ? offset : offset - 1, offset);
  };

  /** Names the places that came since the last time. */
  const namePlaces = async () => {
    const fresh: Place[] = [];
    for (let place = frameCounts.length; place < places.count(); place += 1) fresh.push(places.at(place));
    if (fresh.length === 0) return;
    const named = await symbolizer.lookup(
      fresh.map(({ module, lookup }) => ({ module: refs[module] ?? nowhere, address: lookup })),
    );
    fresh.forEach((place, at) => {
      firstFrames.push(frames.length);
      // The hooks stand between the interpreter's frames.
      frameCounts.push(isShim[place.module] ? 0 : appendFrames(frames, place, named[at] ?? []));
    });
  };

  const addNodes = async (nodes: NodeTable) => {
    const placeOfNode = new Int32Array(nodes.count);
    for (let at = 0; at < nodes.count; at += 1)
      if (nodes.module[at] !== MODULE_PYTHON) placeOfNode[at] = placeOf(nodes, at);
    await namePlaces();
    stackOfNode = withRoom(stackOfNode, nodeCount + nodes.count);
    for (let at = 0; at < nodes.count; at += 1) {
      let parent = knownStack(nodes.parent[at]);
      if (nodes.module[at] === MODULE_PYTHON) {
        for (const frame of pythonFrameAt(nodes.code[at], nodes.pc[at])) parent = stacks.push(parent, frame);
      } else {
        const place = placeOfNode[at];
        const first = firstFrames[place];
        const end = first + frameCounts[place];
        for (let frame = first; frame < end; frame += 1) parent = stacks.push(parent, frame);
      }
      stackOfNode[nodeCount] = parent;
      nodeCount += 1;
    }
  };
  const knownStack = (node: number): number => (node < nodeCount ? stackOfNode[node] : -1);

  const stackOf = (node: number): number => {
    const stack = knownStack(node);
    if (stack >= 0) return stack;
    if (unknownStack < 0) {
      frames.push({ ...bareFrame, function: '[stack not recorded]' });
      unknownStack = stacks.push(-1, frames.length - 1);
    }
    return unknownStack;
  };

  return {
    modules,
    frames,
    stacks: stacks.now,
    stackOf,
    nodeCount: () => nodeCount,
    moduleCount: () => records.length,
    pythonCodeBytes: pythonCodes.byteCount,
    addPythonCodes: pythonCodes.add,
    addModules,
    addNodes,
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
const appendFrames = (frames: Frame[], place: Place, named: readonly SymbolFrame[]): number => {
  const { module, offset } = place;
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
