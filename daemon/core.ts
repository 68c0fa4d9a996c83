/**
 * The drain core as the daemon sees it: it reads the events of all processes of a session and keeps the books.
 *
 * Everything returned is a copy. The session's directory must exist; the core makes the control page and the
 * registry in it, and removes the segments of processes that have ended.
 */

import * as layout from '../proto/generated/layout.js';
import { ON_FULL_DROP, ON_FULL_WAIT } from '../proto/generated/layout.js';
import { MemtraceError, usageError } from '../views/error.js';
import { makeFigures } from '../views/sites.js';
import { coreLibrary, type Handle, type Library } from './core/library.js';
import type {
  BlockTable,
  HoldingRecord,
  ModuleRecord,
  Places,
  ProcessRecord,
  SiteTable,
  SizeRecord,
  ThreadRecord,
} from './core/records.js';
import * as records from './core/records.js';

export type {
  BlockTable,
  HoldingRecord,
  ModuleRecord,
  Places,
  ProcessRecord,
  SiteTable,
  SizeRecord,
  ThreadRecord,
};

export interface Core {
  /**
   * Drains for about `ms` milliseconds, off the main thread, and on for as long as this thread is too busy to end
   * it: a program does not wait for a table or a snapshot to be made. Resolves with the number of events taken. One
   * call at a time.
   */
  readonly drain: (ms: number) => Promise<number>;
  /** Takes what is there now, by the drain that runs or by one of its own; that one ends. */
  readonly catchUp: () => Promise<void>;
  /** Milliseconds since 1970 by the clock of all records, which does not jump when somebody sets the clock. */
  readonly nowMs: () => number;
  /** How many process images ran untraced because there was no room to tell of them, or none to follow them. */
  readonly refusedCount: () => number;
  /** All processes there have been, by index. Those that ended are remembered. */
  readonly processes: () => ProcessRecord[];
  /** Of those the ones that run or have changed since the last call, by rising index. For one caller. */
  readonly changedProcesses: () => ProcessRecord[];
  readonly process: (index: number) => ProcessRecord;
  /** Whatever is asked for in it is of one moment. It must be short: the drain waits. */
  readonly atOnce: <T>(ask: () => T) => T;
  /** The sites and the record of one moment. */
  readonly sites: (index: number) => SiteTable;
  /** What the nodes of the stacks name, as far as they exist: places from number `from` on. */
  readonly places: (index: number, from: number) => Places;
  /**
   * Says which frames the next places have: of each the first one's number and how many there are.
   *
   * @returns how many stacks there are to be grown
   */
  readonly namePlaces: (index: number, frames: Uint32Array) => number;
  /**
   * Fills in the next stacks, which get the numbers from `first` on: the stack that each is in, -1: none, and its frame.
   *
   * @returns how many; fewer than there is room for when the rest has no names yet
   */
  readonly growStacks: (index: number, first: number, parent: Int32Array, frame: Int32Array) => number;
  /** Places and stacks are numbered from 0 again. */
  readonly forgetNames: (index: number) => void;
  /** The stacks of nodes; -1 for one that has none. */
  readonly stacksOf: (index: number, nodes: Uint32Array) => Int32Array;
  readonly modules: (index: number, from: number) => ModuleRecord[];
  /** The records of Python code objects from byte `from` of their area on. */
  readonly pythonCodes: (index: number, from: number) => Uint8Array;
  readonly threads: (index: number) => ThreadRecord[];
  readonly sizes: (index: number) => SizeRecord[];
  /** The live blocks of a process that runs, of kinds heap and Python. */
  readonly blocks: (index: number) => BlockTable;
  /** The largest live blocks, largest first; of a process that has ended those that lived then. */
  readonly largestBlocks: (index: number) => BlockTable;
  /**
   * What lives at the chosen sites (by index, not 0: chosen), by age and size, mappings among it; of a process that
   * has ended what lived then. A walk over all live blocks, off the main thread, while the drain goes on.
   */
  readonly holdings: (index: number, chosen: Uint8Array) => Promise<HoldingRecord[]>;
  readonly info: (index: number) => { executable: string; command: string[] };
  /** Marks the session over: shims detach for good. */
  readonly stop: () => void;
  /** Stops and frees everything; a drain that runs resolves. Whatever is called then throws, or rejects. */
  readonly close: () => void;
}

/** Longer than any session. */
const UNTIL_ENOUGH_MS = 2 ** 32 - 1;
/** Room for what appears between two calls: asked for once, as a rule. */
const SLACK = 64;
/** What there is much of comes in portions: the drain does not wait for it for long, and buffers are small. */
const NODE_PORTION = 65536;
const PLACES_GUESS = 1024;
const FRAMES_WORDS = layout.place_frames.bytes / 4;
const MODULE_PORTION = 64;
const HOLDINGS_GUESS = 256;
const CODES_PORTION = 1 << 18;

/** Which programs are traced, by patterns of their names or paths. No pattern in `only`: all. */
export interface Selection {
  readonly only: readonly string[];
  readonly exclude: readonly string[];
}

interface CoreOptions {
  readonly onFull: 'wait' | 'drop';
  readonly selection?: Selection;
  /** Stacks of Python objects hold native frames, too. */
  readonly pythonNative?: boolean;
}

/** @param sessionDirectory an empty folder that only this user can enter */
export const createCore = (sessionDirectory: string, options: CoreOptions): Core => {
  const library = coreLibrary();
  const handle = createHandle(library, sessionDirectory, options.onFull);
  if (options.selection) select(library, handle, options.selection);
  if (options.pythonNative) library.pythonNative(handle);
  let closed = false;
  /** Who waited for names meanwhile may come when all is over. */
  const inUse = (): Handle => {
    if (closed) throw new Error('the session is over');
    return handle;
  };
  const known: ProcessRecord[] = [];
  /** A new process may be told before an older one whose record did not fit, which comes next time. */
  let withoutGap = 0;
  const changed = new Set<number>();
  const scratch = reusedBuffer();
  let draining: Promise<number> | null = null;
  const counting = new Set<Promise<unknown>>();
  /** Node.js waits for its threads, and only this one's timer would end a drain. */
  const interrupt = () => library.interrupt(handle);
  globalThis.process.once('exit', interrupt);

  const drain = (ms: number): Promise<number> => {
    const opened = inUse(); // before there is a timer that would outlive the core
    const end = ms > 0 ? setTimeout(() => library.enough(handle), ms) : undefined;
    draining = library.drain(opened, ms > 0 ? UNTIL_ENOUGH_MS : 0).finally(() => {
      clearTimeout(end);
      draining = null;
    });
    return draining;
  };

  const holdings = async (index: number, chosen: Uint8Array): Promise<HoldingRecord[]> => {
    for (let capacity = HOLDINGS_GUESS; ; ) {
      const bytes = buffer(capacity, layout.holding_record.bytes);
      const count = await library.holdings(inUse(), index, chosen, bytes, capacity);
      if (count <= capacity) return records.decodeHoldings(bytes, count);
      capacity = count + Math.ceil(count / 4);
    }
  };

  const update = (): void => {
    const capacity = library.changeCount(inUse()) + SLACK;
    const bytes = buffer(capacity, layout.process_record.bytes);
    const count = library.changes(inUse(), bytes, capacity);
    for (let at = 0; at < count; at += 1) {
      const record = records.decodeProcess(bytes, at);
      known[record.index] = record;
      changed.add(record.index);
    }
    while (known[withoutGap]) withoutGap += 1;
  };

  const changedProcesses = (): ProcessRecord[] => {
    update();
    const told = [...changed].filter((index) => index < withoutGap).sort((a, b) => a - b);
    for (const index of told) changed.delete(index);
    return told.map((index) => known[index]);
  };

  const process = (index: number): ProcessRecord => {
    if (!known[index]?.endedNs) update();
    if (index < 0 || index >= withoutGap) throw new RangeError(`there is no process ${index}`);
    return known[index];
  };

  return {
    drain,
    catchUp: async () => {
      library.hurry(inUse());
      await draining; // it may have had its last round already
      if (draining) library.hurry(inUse());
      await (draining ?? drain(0));
    },
    nowMs: () => library.nowMs(),
    refusedCount: () => library.refused(inUse()),
    atOnce: (ask) => {
      const held = inUse();
      library.hold(held);
      try {
        return ask();
      } finally {
        library.release(held);
      }
    },
    processes: () => {
      update();
      return known.slice(0, withoutGap);
    },
    changedProcesses,
    process,
    sites: (index) => {
      const bytes = buffer(1, layout.process_record.bytes);
      for (let capacity = process(index).sites + SLACK; ; capacity *= 2) {
        const [figures, node] = [makeFigures(capacity), new Uint32Array(capacity)];
        const { kind, counters } = figures;
        const count = library.sites(inUse(), index, node, kind, counters, capacity, bytes);
        if (count < capacity) return { ...figures, node, count, record: records.decodeProcess(bytes, 0) };
      }
    },
    places: (index, from) => {
      while (library.takeNodes(inUse(), index, NODE_PORTION) === NODE_PORTION);
      for (let capacity = PLACES_GUESS; ; capacity *= 8) {
        const [lookup, offset] = [new Float64Array(capacity), new Float64Array(capacity)];
        const [module, code] = [new Uint32Array(capacity), new Uint32Array(capacity)];
        const count = library.places(inUse(), index, from, lookup, offset, module, code, capacity);
        if (count < capacity) return { count, module, lookup, offset, code };
      }
    },
    namePlaces: (index, frames) => library.namePlaces(inUse(), index, frames, frames.length / FRAMES_WORDS),
    growStacks: (index, first, parent, frame) => {
      let count = 0;
      for (;;) {
        const [parents, frames] = [parent.subarray(count), frame.subarray(count)];
        const room = Math.min(parents.length, NODE_PORTION);
        const grown = library.growStacks(inUse(), index, first + count, parents, frames, room);
        count += grown;
        if (grown === 0) return count;
      }
    },
    forgetNames: (index) => library.forgetNames(inUse(), index),
    stacksOf: (index, nodes) => {
      const stacks = new Int32Array(nodes.length);
      library.stacksOf(inUse(), index, nodes, stacks, nodes.length);
      return stacks;
    },
    modules: (index, from) =>
      inPortions(scratch, MODULE_PORTION, layout.module_record.bytes, from, (at, bytes, capacity) =>
        library.modules(inUse(), index, at, bytes, capacity),
      ).flatMap(({ bytes, count }) => records.decodeModules(bytes, count)),
    pythonCodes: (index, from) =>
      concatenate(
        inPortions(scratch, CODES_PORTION, 1, from, (at, bytes, capacity) =>
          library.pythonCodes(inUse(), index, at, bytes, capacity),
        ),
      ),
    threads: (index) => {
      for (let capacity = process(index).threads + SLACK; ; capacity *= 2) {
        const bytes = buffer(capacity, layout.thread_record.bytes);
        const count = library.threads(inUse(), index, bytes, capacity);
        if (count < capacity) return records.decodeThreads(bytes, count);
      }
    },
    sizes: (index) => {
      const bytes = buffer(layout.SIZE_CLASSES, layout.size_record.bytes);
      return records.decodeSizes(bytes, library.sizes(inUse(), index, bytes, layout.SIZE_CLASSES));
    },
    blocks: (index) => {
      const { liveBlocks, pythonLiveBlocks } = process(index);
      const capacity = liveBlocks + pythonLiveBlocks + SLACK;
      const bytes = buffer(capacity, layout.block_record.bytes);
      return records.decodeBlocks(bytes, library.blocks(inUse(), index, bytes, capacity));
    },
    largestBlocks: (index) => {
      const bytes = buffer(layout.LARGEST_BLOCKS, layout.block_record.bytes);
      return records.decodeBlocks(bytes, library.largest(inUse(), index, bytes));
    },
    holdings: (index, chosen) => {
      const found = holdings(index, chosen).finally(() => counting.delete(found));
      counting.add(found);
      return found;
    },
    info: (index) => {
      const bytes = buffer(layout.INFO_BYTES, 1);
      const commandBytes = new Uint32Array(1);
      const pathBytes = library.info(inUse(), index, bytes, commandBytes);
      return records.decodeInfo(bytes, pathBytes, commandBytes[0]);
    },
    stop: () => library.stop(inUse()),
    close: () => {
      library.stop(inUse());
      if (draining) interrupt();
      globalThis.process.off('exit', interrupt);
      closed = true;
      const last = draining ? [draining, ...counting] : [...counting];
      if (last.length === 0) return library.close(handle);
      void Promise.allSettled(last).then(() => library.close(handle)); // their callers hear of errors
    },
  };
};

const createHandle = (library: Library, directory: string, onFull: 'wait' | 'drop'): Handle => {
  const why = new Uint8Array(256);
  const handle = library.create(directory, onFull === 'drop' ? ON_FULL_DROP : ON_FULL_WAIT, why, why.length);
  if (handle) return handle;
  throw new MemtraceError({
    message: `cannot start a session in ${directory}`,
    why: `${new TextDecoder().decode(why.subarray(0, why.indexOf(0)))}.`,
    remedy:
      'Check that the folder is yours, that its file system has a few MiB of free space, and the limits: ulimit -a',
    exitCode: 125,
  });
};

const select = (library: Library, handle: Handle, { only, exclude }: Selection): void => {
  const list = (patterns: readonly string[]) =>
    new TextEncoder().encode(patterns.map((each) => `${each}\0`).join(''));
  const [first, second] = [list(only), list(exclude)];
  if (library.select(handle, first, first.length, second, second.length)) return;
  library.close(handle);
  throw usageError('there are too many patterns', 'What --only and --exclude name does not fit.', 'Use `*`.');
};

const buffer = (items: number, itemBytes: number) => new Uint8Array(items * itemBytes);

interface Portion {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

type Buffers = (items: number, itemBytes: number) => Uint8Array<ArrayBuffer>;

/** One buffer for all questions, which are asked again and again: what is filled in must be taken out at once. */
const reusedBuffer = (): Buffers => {
  let whole = new Uint8Array(0);
  return (items, itemBytes) => {
    const bytes = items * itemBytes;
    if (bytes > whole.length) whole = new Uint8Array(bytes);
    return whole.subarray(0, bytes);
  };
};

/** Asks until a portion is not full; each portion's bytes are a copy of its items. */
const inPortions = (
  scratch: Buffers,
  capacity: number,
  itemBytes: number,
  from: number,
  fill: (from: number, bytes: Uint8Array, capacity: number) => number,
): Portion[] => {
  const portions: Portion[] = [];
  for (let at = from; ; at += capacity) {
    const bytes = scratch(capacity, itemBytes);
    const count = fill(at, bytes, capacity);
    portions.push({ bytes: bytes.slice(0, count * itemBytes), count });
    if (count < capacity) return portions;
  }
};

const concatenate = (portions: readonly Portion[]): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(portions.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of portions) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
};
