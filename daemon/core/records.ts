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

/** Reads fields of the record that starts at `base`. */
const reader = (bytes: Bytes, base: number) => {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + base, (bytes.length - base) >> 2);
  return {
    u32: (offset: number) => words[offset >> 2],
    i32: (offset: number) => words[offset >> 2] | 0,
    u64: (offset: number) => words[offset >> 2] + words[(offset >> 2) + 1] * HIGH,
    text: (offset: number, length: number) => text(bytes.subarray(base + offset, base + offset + length)),
  };
};

const text = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
};

const every = <T>(count: number, decode: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => decode(index));

export const decodeProcess = (bytes: Bytes, at: number): ProcessRecord => {
  const record = layout.process_record;
  const { u32, i32, u64 } = reader(bytes, at * record.bytes);
  return {
    index: u32(record.index),
    ticket: u32(record.ticket),
    pid: u32(record.pid),
    parentPid: u32(record.parent_pid),
    parentIndex: u32(record.parent_index),
    state: u32(record.state),
    flags: u32(record.flags),
    exitCode: i32(record.exit_code),
    untracedReason: u32(record.untraced_reason),
    detachReason: u32(record.detach_reason),
    sites: u32(record.sites),
    nodes: u32(record.nodes),
    modules: u32(record.modules),
    threads: u32(record.threads),
    origin: u32(record.origin),
    startedNs: u64(record.started_ns),
    endedNs: u64(record.ended_ns),
    peakNs: u64(record.peak_ns),
    allocations: u64(record.allocations),
    frees: u64(record.frees),
    liveBytes: u64(record.live_bytes),
    liveBlocks: u64(record.live_blocks),
    totalBytes: u64(record.total_bytes),
    peakBytes: u64(record.peak_bytes),
    peakBlocks: u64(record.peak_blocks),
    temporaryBlocks: u64(record.temporary_blocks),
    mappedBytes: u64(record.mapped_bytes),
    mappedTotalBytes: u64(record.mapped_total_bytes),
    mappedPeakBytes: u64(record.mapped_peak_bytes),
    maps: u64(record.maps),
    unmaps: u64(record.unmaps),
    events: u64(record.events),
    lost: u64(record.lost),
    unknownFrees: u64(record.unknown_frees),
    truncated: u64(record.truncated),
    inheritedBlocks: u64(record.inherited_blocks),
    inheritedBytes: u64(record.inherited_bytes),
    inheritedFrees: u64(record.inherited_frees),
    skippedOrders: u64(record.skipped_orders),
    exitRssBytes: u64(record.exit_rss_bytes),
    exitPeakBytes: u64(record.exit_peak_bytes),
    pythonAllocations: u64(record.python_allocations),
    pythonLiveBytes: u64(record.python_live_bytes),
    pythonLiveBlocks: u64(record.python_live_blocks),
    pythonTotalBytes: u64(record.python_total_bytes),
    pythonPeakBytes: u64(record.python_peak_bytes),
    pythonVersion: u32(record.python_version),
    pythonRefusal: u32(record.python_refusal),
    ownPid: u32(record.own_pid),
    unreadError: u32(record.unread_error),
    unrecorded: u64(record.unrecorded),
  };
};

/** Columns out of records: words of 32 bits, `words` of them a record. */
const columns = (bytes: Bytes, count: number, recordBytes: number) => {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, (count * recordBytes) / 4);
  const stride = recordBytes / 4;
  return {
    u32: (offset: number): Uint32Array => {
      const column = new Uint32Array(count);
      for (let i = 0, at = offset / 4; i < count; i += 1, at += stride) column[i] = words[at];
      return column;
    },
    u64: (offset: number): Float64Array => {
      const column = new Float64Array(count);
      for (let i = 0, at = offset / 4; i < count; i += 1, at += stride)
        column[i] = words[at] + words[at + 1] * HIGH;
      return column;
    },
  };
};

export const decodeBlocks = (bytes: Bytes, count: number): BlockTable => {
  const record = layout.block_record;
  const { u32, u64 } = columns(bytes, count, record.bytes);
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
  const { u32 } = columns(bytes, count, record.bytes);
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
    const { u32, u64, text } = reader(bytes, base);
    const id = bytes.subarray(base + record.build_id, base + record.build_id + u32(record.build_id_bytes));
    return {
      base: u64(record.base),
      end: u64(record.end),
      bias: u64(record.bias),
      gone: (u32(record.flags) & layout.MODULE_GONE) !== 0,
      path: text(record.path, u32(record.path_bytes)),
      buildId: id.length > 0 ? Buffer.from(id).toString('hex') : null,
    };
  });
};

export const decodeThreads = (bytes: Bytes, count: number): ThreadRecord[] => {
  const record = layout.thread_record;
  return every(count, (index) => {
    const { u32, u64, text } = reader(bytes, index * record.bytes);
    return {
      tid: u32(record.tid),
      name: text(record.name, 16),
      allocations: u64(record.allocations),
      frees: u64(record.frees),
      liveBytes: u64(record.live_bytes),
      totalBytes: u64(record.total_bytes),
      temporaryBlocks: u64(record.temporary_blocks),
      lost: u64(record.lost),
      waits: u64(record.waits),
    };
  });
};

export const decodeSizes = (bytes: Bytes, count: number): SizeRecord[] => {
  const record = layout.size_record;
  return every(count, (index) => {
    const { u64 } = reader(bytes, index * record.bytes);
    return {
      totalBlocks: u64(record.total_blocks),
      totalBytes: u64(record.total_bytes),
      liveBlocks: u64(record.live_blocks),
      liveBytes: u64(record.live_bytes),
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
