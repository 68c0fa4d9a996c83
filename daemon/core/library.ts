/**
 * The drain core (build/libmemtrace-core.so) as typed functions. The only place that knows koffi.
 *
 * What the functions mean: daemon/native/core/export.h.
 */
import koffi from 'koffi';
import { MemtraceError } from '../../views/error.js';
import { installedFile } from '../installed.js';

/** Opaque. */
export type Handle = bigint & { readonly brand: unique symbol };

type Fill = (core: Handle, index: number, out: Uint8Array, capacity: number) => number;
type FillFrom = (core: Handle, index: number, from: number, out: Uint8Array, capacity: number) => number;

export interface Library {
  /** @returns null on failure; `why` then holds the reason, ended by NUL */
  readonly create: (directory: string, onFull: number, why: Uint8Array, bytes: number) => Handle | null;
  readonly pythonNative: (core: Handle) => void;
  /** @returns false when a list is too long */
  readonly select: (
    core: Handle,
    only: Uint8Array,
    onlyBytes: number,
    exclude: Uint8Array,
    excludeBytes: number,
  ) => boolean;
  readonly nowMs: () => number;
  /** Off the main thread. */
  readonly drain: (core: Handle, ms: number) => Promise<number>;
  readonly stop: (core: Handle) => void;
  /** A drain that runs, or is about to, returns soon. */
  readonly interrupt: (core: Handle) => void;
  /** A drain that runs ends with one more round. */
  readonly hurry: (core: Handle) => void;
  /** A drain that runs ends with its present round. */
  readonly enough: (core: Handle) => void;
  /** No drain may run. */
  readonly close: (core: Handle) => void;
  /** Nothing changes until `release`, which must follow at once: the drain waits. */
  readonly hold: (core: Handle) => void;
  readonly release: (core: Handle) => void;
  readonly refused: (core: Handle) => number;
  readonly changeCount: (core: Handle) => number;
  readonly changes: (core: Handle, out: Uint8Array, capacity: number) => number;
  /** In columns, each as long as `capacity`; and a process record. */
  readonly sites: (
    core: Handle,
    index: number,
    node: Uint32Array,
    kind: Uint8Array,
    counters: Float64Array,
    capacity: number,
    record: Uint8Array,
  ) => number;
  readonly threads: Fill;
  readonly blocks: Fill;
  readonly sizes: Fill;
  readonly largest: (core: Handle, index: number, out: Uint8Array) => number;
  /** Off the main thread: a walk over all live blocks. @returns how many there are, with room for them or not */
  readonly holdings: (
    core: Handle,
    index: number,
    chosen: Uint8Array,
    out: Uint8Array,
    capacity: number,
  ) => Promise<number>;
  readonly takeNodes: (core: Handle, index: number, most: number) => number;
  /** In columns, each as long as `capacity`. */
  readonly places: (
    core: Handle,
    index: number,
    from: number,
    lookup: Float64Array,
    offset: Float64Array,
    module: Uint32Array,
    code: Uint32Array,
    capacity: number,
  ) => number;
  readonly forgetNames: (core: Handle, index: number) => void;
  /** @returns how many stacks `growStacks` can make now */
  readonly namePlaces: (core: Handle, index: number, frames: Uint32Array, count: number) => number;
  readonly growStacks: (
    core: Handle,
    index: number,
    first: number,
    parent: Int32Array,
    frame: Int32Array,
    capacity: number,
  ) => number;
  readonly stacksOf: (
    core: Handle,
    index: number,
    nodes: Uint32Array,
    out: Int32Array,
    count: number,
  ) => void;
  /** In columns, each as long as `length`, which are changed. @returns how many sites are left; `number`: if fewer */
  readonly mergeSites: (
    stack: Int32Array,
    kind: Uint8Array,
    counters: Float64Array,
    length: number,
    count: number,
    number: Uint32Array,
  ) => number;
  readonly modules: FillFrom;
  readonly pythonCodes: FillFrom;
  /** @returns how many bytes of `out` were written */
  readonly nodesText: (parent: Int32Array, frame: Int32Array, count: number, out: Uint8Array) => number;
  /** @returns the same; columns are as long as `length` */
  readonly sitesText: (
    stack: Int32Array,
    kind: Uint8Array,
    counters: Float64Array,
    length: number,
    from: number,
    count: number,
    out: Uint8Array,
  ) => number;
  readonly info: (core: Handle, index: number, out: Uint8Array, commandBytes: Uint32Array) => number;
  /** @returns how many there are, with room for them or not; -1 where that cannot be told */
  readonly pidsSince: (ticks: number, out: Uint32Array, capacity: number) => number;
  /** @returns the descriptor, or the negative number of an error */
  readonly listen: (path: string) => number;
  readonly announceInput: (fd: number) => boolean;
  readonly hushInput: (fd: number) => void;
  readonly hasInput: (fd: number) => boolean;
}

const LIBRARY = installedFile('build/libmemtrace-core.so');

const fill = ['void *', 'uint32_t', 'void *', 'uint32_t'];
const fillFrom = ['void *', 'uint32_t', 'uint32_t', 'void *', 'uint32_t'];

const load = (): Library => {
  const library = open();
  const drain = library.func('core_drain', 'double', ['void *', 'uint32_t']);
  const holdings = library.func('core_holdings', 'uint32_t', [
    'void *',
    'uint32_t',
    'void *',
    'uint32_t',
    'void *',
    'uint32_t',
  ]);
  return {
    create: library.func('core_create', 'void *', ['str', 'uint32_t', 'void *', 'uint32_t']),
    pythonNative: library.func('core_python_native', 'void', ['void *']),
    select: library.func('core_select', 'bool', ['void *', 'void *', 'uint32_t', 'void *', 'uint32_t']),
    nowMs: library.func('core_now_ms', 'double', []),
    drain: (core, ms) =>
      new Promise((resolve, reject) => {
        drain.async(core, ms, (error: unknown, events: number) => (error ? reject(error) : resolve(events)));
      }),
    stop: library.func('core_stop', 'void', ['void *']),
    interrupt: library.func('core_interrupt', 'void', ['void *']),
    hurry: library.func('core_hurry', 'void', ['void *']),
    enough: library.func('core_enough', 'void', ['void *']),
    close: library.func('core_close', 'void', ['void *']),
    hold: library.func('core_hold', 'void', ['void *']),
    release: library.func('core_release', 'void', ['void *']),
    refused: library.func('core_refused', 'uint32_t', ['void *']),
    changeCount: library.func('core_change_count', 'uint32_t', ['void *']),
    changes: library.func('core_changes', 'uint32_t', ['void *', 'void *', 'uint32_t']),
    sites: library.func('core_sites', 'uint32_t', [
      'void *',
      'uint32_t',
      'void *',
      'void *',
      'void *',
      'uint32_t',
      'void *',
    ]),
    threads: library.func('core_threads', 'uint32_t', fill),
    blocks: library.func('core_blocks', 'uint32_t', fill),
    sizes: library.func('core_sizes', 'uint32_t', fill),
    holdings: (core, index, chosen, out, capacity) =>
      new Promise((resolve, reject) => {
        const answer = (error: unknown, count: number) => (error ? reject(error) : resolve(count));
        holdings.async(core, index, chosen, chosen.length, out, capacity, answer);
      }),
    largest: library.func('core_largest', 'uint32_t', ['void *', 'uint32_t', 'void *']),
    takeNodes: library.func('core_take_nodes', 'uint32_t', ['void *', 'uint32_t', 'uint32_t']),
    places: library.func('core_places', 'uint32_t', [
      'void *',
      'uint32_t',
      'uint32_t',
      'void *',
      'void *',
      'void *',
      'void *',
      'uint32_t',
    ]),
    forgetNames: library.func('core_forget_names', 'void', ['void *', 'uint32_t']),
    namePlaces: library.func('core_name_places', 'uint32_t', fill),
    growStacks: library.func('core_grow_stacks', 'uint32_t', [
      'void *',
      'uint32_t',
      'int32_t',
      'void *',
      'void *',
      'uint32_t',
    ]),
    stacksOf: library.func('core_stacks_of', 'void', ['void *', 'uint32_t', 'void *', 'void *', 'uint32_t']),
    mergeSites: library.func('core_merge_sites', 'uint32_t', [
      'void *',
      'void *',
      'void *',
      'uint32_t',
      'uint32_t',
      'void *',
    ]),
    modules: library.func('core_modules', 'uint32_t', fillFrom),
    pythonCodes: library.func('core_python_codes', 'uint32_t', fillFrom),
    nodesText: library.func('core_nodes_text', 'uint32_t', ['void *', 'void *', 'uint32_t', 'void *']),
    sitesText: library.func('core_sites_text', 'uint32_t', [
      'void *',
      'void *',
      'void *',
      'uint32_t',
      'uint32_t',
      'uint32_t',
      'void *',
    ]),
    pidsSince: library.func('core_pids_since', 'int32_t', ['double', 'void *', 'uint32_t']),
    listen: library.func('core_listen', 'int32_t', ['str']),
    announceInput: library.func('core_announce_input', 'bool', ['int32_t']),
    hushInput: library.func('core_hush_input', 'void', ['int32_t']),
    hasInput: library.func('core_has_input', 'bool', ['int32_t']),
    info: library.func('core_info', 'uint32_t', ['void *', 'uint32_t', 'void *', 'void *']),
  };
};

const open = () => {
  try {
    return koffi.load(LIBRARY);
  } catch (error) {
    throw new MemtraceError({
      message: 'cannot load the drain core',
      why: error instanceof Error ? error.message : String(error),
      remedy: `Build it with \`make native\`, or install memtrace again: ${LIBRARY} is a part of it.`,
    });
  }
};

let loaded: Library | undefined;

/** Loads it on first use. */
export const coreLibrary = (): Library => {
  loaded ??= load();
  return loaded;
};
