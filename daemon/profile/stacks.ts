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
import type { Frame, Module, StackNode } from '../../proto/snapshot.js';
import { PYTHON_ARENAS } from '../../views/ownership.js';
import type { ModuleRecord, NodeTable } from '../core.js';
import { type PythonPlace, readPythonCodes } from '../python/codes.js';
import type { SymbolFrame, Symbolizer } from '../symbols/symbolizer.js';

export interface NamedStacks {
  readonly modules: readonly Module[];
  readonly frames: readonly Frame[];
  readonly stacks: readonly StackNode[];
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
  const stacks: StackNode[] = [];
  const stackOfNode: number[] = new Array(STACK_FIRST_NODE).fill(-1);
  /** By module, then by lookup address: the frames there, the function itself first, then what is inlined in it. */
  const known = new Map<number, Map<number, readonly number[]>>();
  const pythonCodes = readPythonCodes();
  /** By code, then by offset; empty for a frame that is to be left out. */
  const knownPython = new Map<number, Map<number, readonly number[]>>();
  /** By what it says: instructions of one line share a frame. */
  const pythonFrames = new Map<string, number>();
  let unknownStack = -1;

  const addModules = (added: readonly ModuleRecord[]) => {
    for (const record of added) {
      records.push(record);
      modules.push({ path: record.path, buildId: record.buildId });
      symbolizer.hold({ path: record.path, buildId: record.buildId, pid });
    }
  };

  const framesAt = (module: number): Map<number, readonly number[]> => {
    const found = known.get(module) ?? new Map<number, readonly number[]>();
    known.set(module, found);
    return found;
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
    frames.push({ ...bareFrame, function: place.function, file, line: place.line, language: 'python' });
    pythonFrames.set(key, frames.length - 1);
    return frames.length - 1;
  };

  const framesOfNode = (nodes: NodeTable, at: number): readonly number[] => {
    if (nodes.module[at] === MODULE_PYTHON) return pythonFrameAt(nodes.code[at], nodes.pc[at]);
    const { module, lookup } = placeOf(nodes, at, records);
    if (SHIM.test(records[module]?.path ?? '')) return []; // its hooks stand between the interpreter's frames
    return framesAt(module).get(lookup) ?? [];
  };

  const addNodes = async (nodes: NodeTable) => {
    const fresh: Place[] = [];
    for (let at = 0; at < nodes.count; at += 1) {
      if (nodes.module[at] === MODULE_PYTHON) continue;
      const place = placeOf(nodes, at, records);
      const frames = framesAt(place.module);
      if (frames.has(place.lookup)) continue;
      frames.set(place.lookup, []);
      fresh.push(place);
    }
    if (fresh.length > 0) {
      const named = await lookUp(symbolizer, fresh, records, pid);
      fresh.forEach((place, at) => {
        framesAt(place.module).set(place.lookup, appendFrames(frames, place, named[at] ?? []));
      });
    }
    for (let at = 0; at < nodes.count; at += 1) {
      let parent = stackOfNode[nodes.parent[at]] ?? -1;
      for (const frame of framesOfNode(nodes, at)) {
        stacks.push({ parent, frame });
        parent = stacks.length - 1;
      }
      stackOfNode.push(parent);
    }
  };

  const stackOf = (node: number): number => {
    const stack = stackOfNode[node] ?? -1;
    if (stack >= 0) return stack;
    if (unknownStack < 0) {
      frames.push({ ...bareFrame, function: '[stack not recorded]' });
      stacks.push({ parent: -1, frame: frames.length - 1 });
      unknownStack = stacks.length - 1;
    }
    return unknownStack;
  };

  return {
    modules,
    frames,
    stacks,
    stackOf,
    nodeCount: () => stackOfNode.length,
    moduleCount: () => records.length,
    pythonCodeBytes: pythonCodes.byteCount,
    addPythonCodes: pythonCodes.add,
    addModules,
    addNodes,
  };
};

const SHIM = new RegExp(`/${SESSION_SHIM_LINK}$`);

/** One address of one module, as the symbolizer and the snapshot want it. */
interface Place {
  readonly module: number;
  /** Link-time address of the return address; without a module the address itself. */
  readonly offset: number;
  /** What to look up: inside the call instruction, or the interrupted instruction itself. */
  readonly lookup: number;
}

const placeOf = (nodes: NodeTable, at: number, records: readonly ModuleRecord[]): Place => {
  const pc = nodes.pc[at];
  const index = nodes.module[at];
  const record = index === MODULE_NONE ? undefined : records[index];
  const offset = record ? pc - record.bias : pc;
  const exact = nodes.exact[at] === 1;
  const module = record ? index : -1;
  return {
    module,
    offset,
    lookup: exact ? offset : offset - 1,
  };
};

const lookUp = (
  symbolizer: Symbolizer,
  places: readonly Place[],
  records: readonly ModuleRecord[],
  pid: number,
): Promise<SymbolFrame[][]> =>
  symbolizer.lookup(
    places.map(({ module, lookup }) => {
      const record = records[module];
      return {
        module: { path: record?.path ?? '', buildId: record?.buildId ?? null, pid },
        address: lookup,
      };
    }),
  );

const bareFrame: Frame = {
  function: null,
  file: null,
  line: null,
  module: -1,
  offset: 0,
  language: 'native',
  inlined: false,
};

/** @returns the indices of the new frames, outermost first */
const appendFrames = (frames: Frame[], place: Place, named: readonly SymbolFrame[]): readonly number[] => {
  if (place.module < 0 && place.offset === NODE_PC_OMITTED) {
    frames.push({ ...bareFrame, function: '[frames left out]' });
    return [frames.length - 1];
  }
  if (place.module < 0 && place.offset === NODE_PC_PYTHON_ARENA) {
    frames.push({ ...bareFrame, function: PYTHON_ARENAS });
    return [frames.length - 1];
  }
  const { module, offset } = place;
  if (named.length === 0) {
    frames.push({ ...bareFrame, module, offset });
    return [frames.length - 1];
  }
  return named.toReversed().map(({ function: name, file, line, inlined }) => {
    frames.push({ function: name, file, line, module, offset, language: 'native', inlined });
    return frames.length - 1;
  });
};
