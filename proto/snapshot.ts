/**
 * The files memtrace writes for others to read: the snapshot (`memtrace.snapshot/1`), the difference of two
 * (`memtrace.diff/1`) and the machine-readable report (`memtrace.report/1`), list of blocks (`memtrace.blocks/1`) and
 * source file with figures (`memtrace.annotation/1`). Those that say nothing of memory: doctor.ts, sessions.ts.
 *
 * Field names are a contract: fields may be added, never changed or given another meaning. Optional fields are
 * such additions. The files *.schema.json beside this one say the same to other languages.
 */

/** A size in bytes as the program requested it, without the allocator's own overhead. */
export type Bytes = number;
/** A number of blocks, calls or events. */
export type Count = number;
/** A position in one of the snapshot's own arrays. */
export type Index = number;
/** Where a reference may lead nowhere: a root stack, a frame outside every module. */
export type IndexOrNone = Index | -1;

export const SNAPSHOT_SCHEMA = 'memtrace.snapshot/1';
export const DIFF_SCHEMA = 'memtrace.diff/1';
export const REPORT_SCHEMA = 'memtrace.report/1';
export const BLOCKS_SCHEMA = 'memtrace.blocks/1';
export const ANNOTATION_SCHEMA = 'memtrace.annotation/1';

export interface Snapshot {
  readonly schema: typeof SNAPSHOT_SCHEMA;
  readonly process: ProcessInfo;
  readonly capture: CaptureInfo;
  readonly totals: Totals;
  readonly modules: readonly Module[];
  readonly frames: readonly Frame[];
  readonly stacks: readonly StackNode[];
  readonly sites: readonly Site[];
  readonly threads: readonly ThreadInfo[];
  readonly sizes: readonly SizeClass[];
  readonly sources: SourceTexts;
  readonly timeline: readonly TimelinePoint[];
  /** The largest live blocks, largest first: a fixed number of them at most. */
  readonly blocks?: readonly LiveBlock[];
  /** What a reader should know, in whole sentences: "no debug information for ./server: …". */
  readonly notes?: readonly string[];
}

export type ProcessState = 'running' | 'exited' | 'killed' | 'replaced';

export interface ProcessInfo {
  /** 0: not known, of a process in another pid namespace that ended before it was found here. */
  readonly pid: number;
  readonly parentPid: number;
  readonly command: readonly string[];
  readonly executable: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  /** Null while it runs, and when a signal ended it. */
  readonly exitCode: number | null;
  /** "SIGSEGV"; null unless a signal ended it. */
  readonly signal: string | null;
  /** Replaced: the image went away by exec, the pid lives on. */
  readonly state?: ProcessState;
  /** What was alive in the parent when this process was forked: outside its own totals. */
  readonly inherited?: Inherited;
  /** Why nothing was traced; absent for a traced process. */
  readonly untraced?: string;
}

export interface Inherited {
  readonly blocks: Count;
  readonly bytes: Bytes;
  /** Inherited blocks that the child freed. */
  readonly frees: Count;
}

export interface CaptureInfo {
  readonly mode: 'full' | 'sampled';
  /** Of kind heap only. */
  readonly allocations: Count;
  /** Of kind heap only. */
  readonly frees: Count;
  /** Calls that never reached the daemon: a reallocation is one. */
  readonly lost: Count;
  /** Frees of blocks whose allocation was not seen. */
  readonly unknownFrees: Count;
  /** Stacks of which a middle part or the outer end is missing. */
  readonly truncatedStacks: Count;
  /** Processes of the tree that ran without memtrace. */
  readonly untracedChildren?: Count;
}

/** Of kind heap only; what was mapped directly is told apart by the kind of its sites. */
export interface Totals {
  readonly liveBytes: Bytes;
  readonly liveBlocks: Count;
  readonly totalBytes: Bytes;
  readonly totalBlocks: Count;
  readonly peakBytes: Bytes;
  /** Milliseconds from the start of the process to the peak. */
  readonly peakAtMs: number;
  /** Blocks freed by the thread that made them before it made another. */
  readonly temporaryBlocks: Count;
  /** Resident set when the snapshot was taken: the whole process, not only its heap. */
  readonly rssBytes: Bytes;
  readonly peakRssBytes: Bytes;
  /** Objects of the Python interpreter's own allocator, in none of the other figures; absent where there are none. */
  readonly python?: PythonTotals;
}

/** The peak is these objects' own, which need not be at the moment of the heap's. */
export interface PythonTotals {
  readonly liveBytes: Bytes;
  readonly liveBlocks: Count;
  readonly totalBytes: Bytes;
  readonly totalBlocks: Count;
  readonly peakBytes: Bytes;
}

export interface Module {
  readonly path: string;
  /** Lower-case hexadecimal, or null when the file has none. */
  readonly buildId: string | null;
}

export interface Frame {
  /** Demangled; null where unknown. */
  readonly function: string | null;
  readonly file: string | null;
  /** Counted from 1; null where unknown. */
  readonly line: number | null;
  readonly module: IndexOrNone;
  /** From the start of the module as linked (what addr2line takes), or the bare address without a module. */
  readonly offset: number;
  readonly language: 'native' | 'python';
  /** The compiler merged this function into the frame that is its parent in the stack. */
  readonly inlined: boolean;
}

/** A tree, root first: a parent always stands before its children. A stack is named by its innermost node. */
export interface StackNode {
  readonly parent: IndexOrNone;
  readonly frame: Index;
}

export type SiteKind = 'heap' | 'mmap' | 'python';

/** A block that lives, or lived when the process ended. */
export interface LiveBlock {
  readonly address: number;
  readonly bytes: Bytes;
  readonly stack: Index;
  readonly kind: SiteKind;
  /** Milliseconds from its allocation to the snapshot, or to the end of the process. A realloc begins anew. */
  readonly ageMs?: number;
}

/** The counters of one stack: every byte the program asked for belongs to exactly one site. */
export interface Site extends SiteCounters {
  readonly stack: Index;
  readonly kind: SiteKind;
}

export interface SiteCounters {
  readonly liveBytes: Bytes;
  readonly liveBlocks: Count;
  readonly totalBytes: Bytes;
  readonly totalBlocks: Count;
  /** Alive at the moment when the whole process had the peak of this kind: each kind has one of its own. */
  readonly peakBytes: Bytes;
  readonly peakBlocks: Count;
  readonly temporaryBlocks: Count;
}

export interface ThreadInfo {
  readonly tid: number;
  readonly name: string;
  readonly allocations?: Count;
  readonly frees?: Count;
  /** Of blocks this thread allocated, whoever frees them. */
  readonly liveBytes?: Bytes;
  readonly liveBlocks?: Count;
  readonly totalBytes?: Bytes;
  readonly temporaryBlocks?: Count;
}

/** Blocks of `bytes` ≤ size < 2 × `bytes`; class 0 holds only blocks of no bytes. */
export interface SizeClass {
  readonly bytes: Bytes;
  readonly blocks: Count;
  readonly liveBlocks?: Count;
  readonly liveBytes?: Bytes;
  readonly totalBytes?: Bytes;
}

/** file → the lines that frames of sites name, with a few around, sorted by line. */
export type SourceTexts = Readonly<Record<string, readonly SourceLine[]>>;

export interface SourceLine {
  readonly line: number;
  readonly text: string;
}

export interface TimelinePoint {
  /** Milliseconds from the start of the process. */
  readonly ms: number;
  /** Of kind heap only. */
  readonly liveBytes: Bytes;
  readonly rssBytes: Bytes;
  /** Of kind python; absent until there is any. */
  readonly pythonBytes?: Bytes;
}

/** What the rows of a report or a diff stand for. */
export type GroupBy = 'line' | 'function' | 'file' | 'module' | 'stack';
/** What rows are sorted by. */
export type Metric = 'live' | 'peak' | 'total' | 'temporary' | 'blocks';
/** What two snapshots are compared by. */
export type DiffMetric = 'live' | 'peak' | 'total';
/**
 * Which sites are looked at: what came from malloc and its kin; what was mapped directly; what the Python
 * interpreter's own allocator served, out of mappings of its own; heap and python, which is what the program asked
 * for; or everything.
 */
export type KindFilter = 'heap' | 'mmap' | 'python' | 'payload' | 'all';

export interface Change {
  readonly before: number;
  readonly after: number;
  readonly delta: number;
}

export interface DiffRow {
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly bytes: Change;
  readonly blocks: Change;
  readonly state?: 'new' | 'gone' | 'changed';
  /** Path of the module; null where unknown. */
  readonly module?: string | null;
  /** Within the module; only for rows without a name. */
  readonly offset?: number | null;
  /** The text of the line, where the newer snapshot (else the older) keeps it. */
  readonly source?: string | null;
  /** Whether it is the program's own code: a library's may have the same module, or none. */
  readonly user?: boolean;
  /** By stack only: innermost frame first, as the printed report shows them. */
  readonly frames?: readonly string[];
}

/** Rows sorted by the size of the change, largest first; rows that did not change are left out. */
export interface Diff {
  readonly schema: typeof DIFF_SCHEMA;
  readonly by: GroupBy;
  readonly metric: DiffMetric;
  /** Of bytes, over all rows, also those that a limit left out. */
  readonly totals: Change;
  readonly rows: readonly DiffRow[];
  readonly kind?: KindFilter;
  /** Of blocks, over all rows. */
  readonly blocks?: Change;
  /** Rows that changed but that the limit left out. */
  readonly omittedRows?: Count;
  /** What a reader should know: "the two are of different programs". */
  readonly warnings?: readonly string[];
}

export interface ReportRow extends SiteCounters {
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  /** Path of the module; null where unknown. */
  readonly module: string | null;
  /** Within the module; only for rows without a name. */
  readonly offset: number | null;
  /** False: no frame of the stack is the user's code, the row is what a library allocates by itself. */
  readonly user: boolean;
  readonly source: string | null;
  /** By stack only: innermost frame first. */
  readonly frames?: readonly string[];
}

export interface Report {
  readonly schema: typeof REPORT_SCHEMA;
  readonly by: GroupBy;
  readonly sort: Metric;
  readonly kind: KindFilter;
  readonly process: ProcessInfo;
  readonly capture: CaptureInfo;
  readonly totals: Totals;
  /** The sum over all rows, also those that the limit left out. */
  readonly sum: SiteCounters;
  /** Largest first; without those that have nothing of what is sorted by, whose other figures are in `sum` all the same. */
  readonly rows: readonly ReportRow[];
  /** Rows that would follow but that the limit left out. */
  readonly omittedRows: Count;
  readonly notes: readonly string[];
  /** `memtrace run --json`: the other processes of the session, in the order of their start. */
  readonly processes?: readonly ReportProcess[];
}

export interface ReportProcess {
  readonly process: ProcessInfo;
  readonly capture: CaptureInfo;
  readonly totals: Totals;
  /** Its snapshot; null where none was kept. */
  readonly savedAs: string | null;
}

/** `memtrace report --block --json`. */
export interface BlockList {
  readonly schema: typeof BLOCKS_SCHEMA;
  readonly kind: KindFilter;
  readonly process: ProcessInfo;
  /** Largest first. */
  readonly blocks: readonly BlockRow[];
  /** Blocks that the snapshot has but that the limit left out. */
  readonly omittedBlocks: Count;
  /** All live blocks there were of this kind; the snapshot holds the largest. */
  readonly liveBlocks: Count;
}

export interface BlockRow {
  readonly address: number;
  readonly bytes: Bytes;
  readonly kind: SiteKind;
  /** As in the snapshot. */
  readonly ageMs?: number;
  /** Innermost first. */
  readonly frames: readonly BlockFrame[];
}

export interface BlockFrame {
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  /** Path; null where unknown. */
  readonly module: string | null;
  readonly offset: number;
  readonly source: string | null;
}

/** `memtrace annotate --json`. */
export interface Annotation {
  readonly schema: typeof ANNOTATION_SCHEMA;
  readonly file: string;
  /** Null for the whole file. */
  readonly function: string | null;
  readonly kind: KindFilter;
  /** Self: what a line answers for, as in the report by line. Inclusive: also what is allocated in its calls. */
  readonly count: 'self' | 'inclusive';
  /** By line; those without figures have null. */
  readonly lines: readonly AnnotatedLine[];
  /** Each stack counted once, however many of these lines it goes through. */
  readonly sum: SiteCounters;
  /** Why the text is what it is: "the file is not here: …". */
  readonly notes: readonly string[];
}

export interface AnnotatedLine {
  readonly line: number;
  /** Null where the text is not known. */
  readonly text: string | null;
  readonly counters: SiteCounters | null;
}
