/**
 * The records of proto/records.h as the core filled them, turned into values of their own. Pure.
 *
 * 64-bit counters beyond 2^53 (address space that is reserved again and again) are rounded; the times in nanoseconds since 1970 lose their last three digits.
 */
import * as layout from '../../proto/generated/layout.js';
import type { SiteFigures } from '../../views/sites.js';

export interface ProcessRecord {
  readonly index: number;
  readonly ticket: number;
  /** 0: it was gone before it could be found here. */
  readonly pid: number;
  readonly parentPid: number;
  /** Of the image it was forked from, or 0xffffffff. */
  readonly parentIndex: number;
  /** PROCESS_RUNNING, PROCESS_ENDED or PROCESS_UNTRACED. */
  readonly state: number;
  /** PROCESS_HAS_EXIT_CODE | PROCESS_EXECED | … */
  readonly flags: number;
  readonly exitCode: number;
  readonly untracedReason: number;
  readonly detachReason: number;
  readonly sites: number;
  readonly nodes: number;
  readonly modules: number;
  readonly threads: number;
  readonly origin: number;
  readonly startedNs: number;
  /** 0 while it runs. */
  readonly endedNs: number;
  readonly peakNs: number;
  readonly allocations: number;
  readonly frees: number;
  readonly liveBytes: number;
  readonly liveBlocks: number;
  readonly totalBytes: number;
  readonly peakBytes: number;
  readonly peakBlocks: number;
  readonly temporaryBlocks: number;
  readonly mappedBytes: number;
  readonly mappedTotalBytes: number;
  readonly mappedPeakBytes: number;
  readonly maps: number;
  readonly unmaps: number;
  readonly events: number;
  readonly lost: number;
  readonly unknownFrees: number;
  readonly truncated: number;
  readonly inheritedBlocks: number;
  readonly inheritedBytes: number;
  readonly inheritedFrees: number;
  readonly skippedOrders: number;
  /** Resident memory when it exited and at most; 0 when it was killed. */
  readonly exitRssBytes: number;
  readonly exitPeakBytes: number;
  /** Blocks of the Python interpreter's own allocator, in none of the counters above. */
  readonly pythonAllocations: number;
  readonly pythonLiveBytes: number;
  readonly pythonLiveBlocks: number;
  readonly pythonTotalBytes: number;
  readonly pythonPeakBytes: number;
  /** major << 8 | minor; 0: there is no interpreter. */
  readonly pythonVersion: number;
  /** PYTHON_ACCEPTED, or why its frames are not read. */
  readonly pythonRefusal: number;
  /** As its own pid namespace counts it. */
  readonly ownPid: number;
  /** PROCESS_UNREAD: errno of what failed. */
  readonly unreadError: number;
  /** How often a frame had no room in the table of stacks. */
  readonly unrecorded: number;
}

export interface SiteTable extends SiteFigures {
  /** As it was with them: its totals are the sums of the sites of their kind. */
  readonly record: ProcessRecord;
  /** Of the innermost frame of each site. */
  readonly node: Uint32Array;
}

/** Distinct instructions that stack nodes name, in columns, which may be longer than `count`. */
export interface Places {
  readonly count: number;
  /** Index, MODULE_NONE or MODULE_PYTHON. */
  readonly module: Uint32Array;
  /** Link-time address to be looked up: inside the call, or of the interrupted instruction. */
  readonly lookup: Float64Array;
  /** Link-time return address; the address itself without a module; in Python code the instruction's offset in it. */
  readonly offset: Float64Array;
  /** Id of the Python code. */
  readonly code: Uint32Array;
}

export interface BlockTable {
  readonly count: number;
  readonly address: Float64Array;
  readonly size: Float64Array;
  /** Of the day, by the clock of all records. */
  readonly bornNs: Float64Array;
  /** Node id of the innermost frame. */
  readonly stack: Uint32Array;
  /** SITE_HEAP or SITE_PYTHON. */
  readonly kind: Uint32Array;
}

/** What lives at a site, of one class of age and one of size. */
export interface HoldingRecord {
  /** Index among the sites. */
  readonly site: number;
  readonly ageClass: number;
  readonly sizeClass: number;
  readonly blocks: number;
  readonly bytes: number;
}

export interface ModuleRecord {
  readonly base: number;
  readonly end: number;
  readonly bias: number;
  /** Unloaded. */
  readonly gone: boolean;
  readonly path: string;
  /** Hexadecimal. */
  readonly buildId: string | null;
}

export interface ThreadRecord {
  readonly tid: number;
  readonly name: string;
  readonly allocations: number;
  readonly frees: number;
  readonly liveBytes: number;
  readonly totalBytes: number;
  readonly temporaryBlocks: number;
  readonly lost: number;
  readonly waits: number;
}

/** Size class i: 2^(i-1) ≤ size < 2^i; class 0: no bytes. */
export interface SizeRecord {
  readonly totalBlocks: number;
  readonly totalBytes: number;
  readonly liveBlocks: number;
  readonly liveBytes: number;
}

type Bytes = Uint8Array<ArrayBuffer>;

const HIGH = 2 ** 32;

/** Reads fields of the record that starts at `base`. A class: V8 would compile closures anew for each record. */
class Reader {
  readonly #bytes: Bytes;
  readonly #words: Uint32Array;

  constructor(bytes: Bytes, base: number) {
    this.#bytes = bytes.subarray(base);
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset + base, (bytes.length - base) >> 2);
  }
  u32(offset: number): number {
    return this.#words[offset >> 2];
  }
  i32(offset: number): number {
    return this.#words[offset >> 2] | 0;
  }
  u64(offset: number): number {
    return this.#words[offset >> 2] + this.#words[(offset >> 2) + 1] * HIGH;
  }
  text(offset: number, length: number): string {
    return text(this.#bytes.subarray(offset, offset + length));
  }
}

const text = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
};

const every = <T>(count: number, decode: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => decode(index));

export const decodeProcess = (bytes: Bytes, at: number): ProcessRecord => {
  const record = layout.process_record;
  const read = new Reader(bytes, at * record.bytes);
  return {
    index: read.u32(record.index),
    ticket: read.u32(record.ticket),
    pid: read.u32(record.pid),
    parentPid: read.u32(record.parent_pid),
    parentIndex: read.u32(record.parent_index),
    state: read.u32(record.state),
    flags: read.u32(record.flags),
    exitCode: read.i32(record.exit_code),
    untracedReason: read.u32(record.untraced_reason),
    detachReason: read.u32(record.detach_reason),
    sites: read.u32(record.sites),
    nodes: read.u32(record.nodes),
    modules: read.u32(record.modules),
    threads: read.u32(record.threads),
    origin: read.u32(record.origin),
    startedNs: read.u64(record.started_ns),
    endedNs: read.u64(record.ended_ns),
    peakNs: read.u64(record.peak_ns),
    allocations: read.u64(record.allocations),
    frees: read.u64(record.frees),
    liveBytes: read.u64(record.live_bytes),
    liveBlocks: read.u64(record.live_blocks),
    totalBytes: read.u64(record.total_bytes),
    peakBytes: read.u64(record.peak_bytes),
    peakBlocks: read.u64(record.peak_blocks),
    temporaryBlocks: read.u64(record.temporary_blocks),
    mappedBytes: read.u64(record.mapped_bytes),
    mappedTotalBytes: read.u64(record.mapped_total_bytes),
    mappedPeakBytes: read.u64(record.mapped_peak_bytes),
    maps: read.u64(record.maps),
    unmaps: read.u64(record.unmaps),
    events: read.u64(record.events),
    lost: read.u64(record.lost),
    unknownFrees: read.u64(record.unknown_frees),
    truncated: read.u64(record.truncated),
    inheritedBlocks: read.u64(record.inherited_blocks),
    inheritedBytes: read.u64(record.inherited_bytes),
    inheritedFrees: read.u64(record.inherited_frees),
    skippedOrders: read.u64(record.skipped_orders),
    exitRssBytes: read.u64(record.exit_rss_bytes),
    exitPeakBytes: read.u64(record.exit_peak_bytes),
    pythonAllocations: read.u64(record.python_allocations),
    pythonLiveBytes: read.u64(record.python_live_bytes),
    pythonLiveBlocks: read.u64(record.python_live_blocks),
    pythonTotalBytes: read.u64(record.python_total_bytes),
    pythonPeakBytes: read.u64(record.python_peak_bytes),
    pythonVersion: read.u32(record.python_version),
    pythonRefusal: read.u32(record.python_refusal),
    ownPid: read.u32(record.own_pid),
    unreadError: read.u32(record.unread_error),
    unrecorded: read.u64(record.unrecorded),
  };
};

/** A column out of records, of a field of 32 bits. */
const u32Column = (bytes: Bytes, count: number, recordBytes: number, offset: number): Uint32Array => {
  const column = new Uint32Array(count);
  const words = wordsOf(bytes);
  const stride = recordBytes / 4;
  for (let i = 0, at = offset / 4; i < count; i += 1, at += stride) column[i] = words[at];
  return column;
};

const u64Column = (bytes: Bytes, count: number, recordBytes: number, offset: number): Float64Array => {
  const column = new Float64Array(count);
  const words = wordsOf(bytes);
  const stride = recordBytes / 4;
  for (let i = 0, at = offset / 4; i < count; i += 1, at += stride)
    column[i] = words[at] + words[at + 1] * HIGH;
  return column;
};

const wordsOf = (bytes: Bytes): Uint32Array =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);

export const decodeBlocks = (bytes: Bytes, count: number): BlockTable => {
  const record = layout.block_record;
  const u32 = (offset: number) => u32Column(bytes, count, record.bytes, offset);
  const u64 = (offset: number) => u64Column(bytes, count, record.bytes, offset);
  return {
    count,
    address: u64(record.address),
    size: u64(record.size),
    bornNs: u64(record.born_ns),
    stack: u32(record.stack),
    kind: u32(record.kind),
  };
};

export const decodeHoldings = (bytes: Bytes, count: number): HoldingRecord[] => {
  const record = layout.holding_record;
  const u32 = (offset: number) => u32Column(bytes, count, record.bytes, offset);
  const site = u32(record.site);
  const blocks = u32(record.blocks);
  const low = u32(record.bytes_and_classes);
  const high = u32(record.bytes_and_classes + 4);
  return every(count, (at) => ({
    site: site[at],
    ageClass: (high[at] >>> (layout.HOLDING_AGE_SHIFT - 32)) & 0xff,
    sizeClass: high[at] >>> (layout.HOLDING_SIZE_SHIFT - 32),
    blocks: blocks[at],
    bytes: low[at] + (high[at] & 0xffff) * HIGH,
  }));
};

export const decodeModules = (bytes: Bytes, count: number): ModuleRecord[] => {
  const record = layout.module_record;
  return every(count, (index) => {
    const base = index * record.bytes;
    const read = new Reader(bytes, base);
    const id = bytes.subarray(
      base + record.build_id,
      base + record.build_id + read.u32(record.build_id_bytes),
    );
    return {
      base: read.u64(record.base),
      end: read.u64(record.end),
      bias: read.u64(record.bias),
      gone: (read.u32(record.flags) & layout.MODULE_GONE) !== 0,
      path: read.text(record.path, read.u32(record.path_bytes)),
      buildId: id.length > 0 ? Buffer.from(id).toString('hex') : null,
    };
  });
};

export const decodeThreads = (bytes: Bytes, count: number): ThreadRecord[] => {
  const record = layout.thread_record;
  return every(count, (index) => {
    const read = new Reader(bytes, index * record.bytes);
    return {
      tid: read.u32(record.tid),
      name: read.text(record.name, 16),
      allocations: read.u64(record.allocations),
      frees: read.u64(record.frees),
      liveBytes: read.u64(record.live_bytes),
      totalBytes: read.u64(record.total_bytes),
      temporaryBlocks: read.u64(record.temporary_blocks),
      lost: read.u64(record.lost),
      waits: read.u64(record.waits),
    };
  });
};

export const decodeSizes = (bytes: Bytes, count: number): SizeRecord[] => {
  const record = layout.size_record;
  return every(count, (index) => {
    const read = new Reader(bytes, index * record.bytes);
    return {
      totalBlocks: read.u64(record.total_blocks),
      totalBytes: read.u64(record.total_bytes),
      liveBlocks: read.u64(record.live_blocks),
      liveBytes: read.u64(record.live_bytes),
    };
  });
};

/** An executable's path and, behind it, the arguments, each ended by NUL. */
export const decodeInfo = (bytes: Uint8Array, pathBytes: number, commandBytes: number) => {
  const path = text(bytes.subarray(0, pathBytes));
  const command = new TextDecoder().decode(bytes.subarray(pathBytes, pathBytes + commandBytes)).split('\0');
  if (command.at(-1) === '') command.pop();
  return { executable: path, command };
};
