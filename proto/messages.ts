/**
 * The live service: what a client and the daemon of a session say to each other over a WebSocket, one JSON object
 * per text message. proto/README.md has a worked conversation; proto/parseMessages.ts turns what arrived into
 * these types or says what is wrong with it.
 *
 * Within a version types and optional fields may be added: readers ignore fields they do not know, and answer a
 * message of unknown type with an error instead of hanging up.
 */
import type {
  Bytes,
  CaptureInfo,
  Count,
  Frame,
  Index,
  KindFilter,
  Metric,
  ProcessInfo,
  ProcessState,
  SiteCounters,
  SizeClass,
  ThreadInfo,
  TimelinePoint,
  Totals,
} from './snapshot.js';

export const PROTOCOL_VERSION = 1;

/** What a client may send in one message; the daemon hangs up on more. */
export const REQUEST_LIMIT_BYTES = 64 * 1024;
/** Rows that a client may ask for. */
export const ROW_LIMIT = 10_000;
export const FASTEST_INTERVAL_MS = 100;
export const SLOWEST_INTERVAL_MS = 60_000;
/** An interval: one state at once, and the last one when the session ends. */
export const ONLY_FIRST_AND_LAST = 0;

// ---- client → daemon ----

export type ClientMessage =
  | ClientHello
  | Subscribe
  | Unsubscribe
  | TakeSnapshot
  | ListProcesses
  | SetMark
  | FetchSource
  | StopTracing
  | Ping;

/** The first message of every client. */
export interface ClientHello {
  readonly type: 'hello';
  readonly protocol: number;
  /** For logs: "memtrace top 0.1.0". */
  readonly client: string;
}

/** The client's own number for a subscription or a request; answers carry it. */
export type RequestId = number;

/** Asks for a view, now and again. The same id once more replaces the subscription. */
export interface Subscribe extends ViewQuery {
  readonly type: 'subscribe';
  readonly id: RequestId;
  /** Between two states; ONLY_FIRST_AND_LAST, or FASTEST_INTERVAL_MS and more. */
  readonly intervalMs: number;
}

export interface ViewQuery {
  readonly view: View;
  readonly process: ProcessChoice;
  readonly sort: SortKey;
  readonly order: 'descending' | 'ascending';
  readonly kind: KindFilter;
  /** In the language of views/filter.ts. */
  readonly filter?: string;
  /** A mark that this client has set: rows tell what they have grown by since. */
  readonly since?: MarkNumber;
  /** Only rows of exactly this file. */
  readonly file?: string;
  /** Only what belongs to this row of another view. */
  readonly within?: { readonly view: RowView; readonly key: number };
  /** Of the view `tree`: which way it grows, and which of its nodes are open. */
  readonly tree?: TreeChoice;
  /** 1 to ROW_LIMIT. */
  readonly limit: Count;
}

/** Growth needs a mark; a rate is bytes allocated per second. */
export type SortKey = Metric | 'growth' | 'rate';
export const SORT_KEYS: readonly SortKey[] = [
  'live',
  'blocks',
  'peak',
  'total',
  'temporary',
  'growth',
  'rate',
];

export interface TreeChoice {
  readonly direction: 'down' | 'up';
  /** Keys of nodes: these; these with all that is below; but not these. An only child is open by itself. */
  readonly open: readonly number[];
  readonly openBelow: readonly number[];
  readonly closed: readonly number[];
}

export interface Unsubscribe {
  readonly type: 'unsubscribe';
  readonly id: RequestId;
}

/** Answered by a SnapshotMessage. */
export interface TakeSnapshot {
  readonly type: 'snapshot';
  readonly id: RequestId;
  /** All is not a choice: a snapshot is of one process. */
  readonly process: Exclude<ProcessChoice, 'all'>;
}

/** Answered by a ProcessesMessage. */
export interface ListProcesses {
  readonly type: 'processes';
  readonly id: RequestId;
}

/** Remembers the figures of all processes as they are now. Answered by a MarkMessage. */
export interface SetMark {
  readonly type: 'mark';
  readonly id: RequestId;
}

/** Marks that the daemon keeps for a client; a further one takes the place of the oldest. */
export const MARKS_PER_CLIENT = 2;

/** The text of a file that frames of this process name. Answered by a SourceMessage. */
export interface FetchSource {
  readonly type: 'source';
  readonly id: RequestId;
  readonly process: ProcessChoice;
  readonly file: string;
}

/** The program runs on, but nothing more is recorded. Answered by a StoppedMessage. */
export interface StopTracing {
  readonly type: 'stop';
  readonly id: RequestId;
}

/** Answered by a Pong. */
export interface Ping {
  readonly type: 'ping';
  readonly id: RequestId;
}

/** The groupings of views/group.ts. */
export type RowView = 'lines' | 'functions' | 'files' | 'modules' | 'stacks';
/** Blocks: the live blocks of all rows, or `within` one, by age and by size. */
export type View = RowView | 'tree' | 'processes' | 'threads' | 'sizes' | 'blocks';

/** Counted by the daemon. */
export type MarkNumber = number;

/** An index of ProcessSummary; the program that the user started; or all processes summed up. */
export type ProcessChoice = Index | 'main' | 'all';

// ---- daemon → client ----

export type DaemonMessage =
  | DaemonHello
  | Update
  | SnapshotMessage
  | ProcessesMessage
  | MarkMessage
  | SourceMessage
  | StoppedMessage
  | Pong
  | ErrorMessage
  | Goodbye;

/** Sent at once when a client connects. */
export interface DaemonHello {
  readonly type: 'hello';
  readonly protocol: number;
  readonly session: SessionSummary;
}

export interface SessionSummary {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly command: readonly string[];
}

/** A state of a subscribed view. A client that reads slowly misses some, never the newest. */
export interface Update {
  readonly type: 'update';
  readonly id: RequestId;
  readonly header: Header;
  /** Absent where it is the one sent before. */
  readonly table?: Table;
}

/** What stands above every view. */
export interface Header {
  /** ISO 8601, UTC: when the daemon looked. */
  readonly takenAt: string;
  /** False once the program ended and all its events are in. */
  readonly running: boolean;
  /** Images of the tree so far, the untraced ones among them. */
  readonly processes: Count;
  /** Those of them that could not be traced; what the user excluded is none of them. */
  readonly untraced: Count;
  /** The one looked at; the main one where it is all; null until it is known. */
  readonly process: ProcessSummary | null;
  /** Of the process looked at. For all: sums, also of peaks, which need not have been at the same moment. */
  readonly totals: Totals;
  readonly capture: CaptureInfo;
  readonly mapped: Mapped;
  /** Over the last second or two; null until there are two looks. Of kind heap. */
  readonly rate: Rate | null;
  /** The daemon's and the symbolizer's resident memory. */
  readonly ownBytes: Bytes;
  /** Thinned out to at most TIMELINE_POINTS; empty for all processes. */
  readonly timeline: readonly TimelinePoint[];
}

export const TIMELINE_POINTS = 240;

export interface Rate {
  readonly allocationsPerSecond: number;
  readonly bytesPerSecond: number;
}

/** What was mapped directly, apart from the heap. */
export interface Mapped {
  readonly liveBytes: Bytes;
  readonly totalBytes: Bytes;
  readonly peakBytes: Bytes;
}

/** One process image, in a few figures. */
export interface ProcessSummary {
  readonly index: Index;
  /** The image it was forked from, or that its pid ran before an exec. */
  readonly parent: Index | null;
  readonly pid: ProcessInfo['pid'];
  readonly command: ProcessInfo['command'];
  readonly state: ProcessState;
  readonly exitCode: ProcessInfo['exitCode'];
  readonly signal: ProcessInfo['signal'];
  /** Why nothing was traced; null for a traced process. */
  readonly untraced: string | null;
  /** From its start to its end, or until now. */
  readonly elapsedMs: number;
  readonly liveBytes: Bytes;
  readonly liveBlocks: Count;
  readonly peakBytes: Bytes;
  readonly totalBytes: Bytes;
  readonly allocations: Count;
  readonly rssBytes: Bytes;
}

export type Table =
  | {
      readonly view: RowView;
      readonly rows: readonly ViewRow[];
      /** Rows that the limit left out; of very deep stacks also those beyond some ten thousand frames. */
      readonly omitted: Count;
      /** Over all rows, also those left out. */
      readonly sum: RowCounters;
    }
  | {
      readonly view: 'tree';
      /** Parents stand before their children. */
      readonly rows: readonly TreeRow[];
      readonly omitted: Count;
      readonly sum: RowCounters;
    }
  | { readonly view: 'processes'; readonly rows: readonly ProcessSummary[] }
  | { readonly view: 'threads'; readonly rows: readonly ThreadInfo[] }
  | { readonly view: 'sizes'; readonly rows: readonly SizeClass[] }
  | {
      readonly view: 'blocks';
      /** Youngest first, least first; classes in which nothing lives are left out. */
      readonly ages: readonly AgeClass[];
      readonly sizes: readonly LiveSizeClass[];
    };

/** Live blocks whose allocation was `fromMs` ≤ age < `untilMs` milliseconds ago, or before the process ended. */
export interface AgeClass {
  readonly fromMs: number;
  /** Null for no end. */
  readonly untilMs: number | null;
  readonly liveBlocks: Count;
  readonly liveBytes: Bytes;
}

/** Live blocks of `bytes` ≤ size < 2 × `bytes`; 0: of no bytes. */
export interface LiveSizeClass {
  readonly bytes: Bytes;
  readonly liveBlocks: Count;
  readonly liveBytes: Bytes;
}

/** Figures as in a snapshot, and how they move. */
export interface RowCounters extends SiteCounters {
  /** Live bytes and blocks since the mark; only where one was given. */
  readonly grownBytes?: number;
  readonly grownBlocks?: number;
}

/** A node of the tree of stacks: its counters are those of all that is below it. */
export interface TreeRow extends RowCounters {
  readonly key: number;
  readonly depth: Count;
  readonly state: 'open' | 'closed' | 'leaf';
  /** What this frame allocates itself, of live bytes and blocks. */
  readonly selfBytes: Bytes;
  readonly selfBlocks: Count;
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  readonly module: string | null;
  readonly offset: number | null;
  readonly user: boolean;
}

/** Sites summed up. */
export interface ViewRow extends RowCounters {
  /** The same in every state of this view, as long as the session lives. */
  readonly key: number;
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  /** Path; null where unknown. */
  readonly module: string | null;
  /** In the module; only where there is no name. */
  readonly offset: number | null;
  /** False: what a library allocates by itself. */
  readonly user: boolean;
  readonly language?: Frame['language'];
  /** Over the last second or two; absent for a row that allocates nothing, and until there are two looks. */
  readonly rate?: Rate;
  /** Of stacks only: innermost first. */
  readonly frames?: readonly string[];
  /** Of stacks only: where those frames are. */
  readonly places?: readonly (SourcePlace | null)[];
}

export interface SourcePlace {
  readonly file: string;
  readonly line: number;
}

export interface SnapshotMessage {
  readonly type: 'snapshot';
  readonly id: RequestId;
  /** A memtrace.snapshot/1, to be checked as one from a file is. */
  readonly snapshot: unknown;
}

export interface ProcessesMessage {
  readonly type: 'processes';
  readonly id: RequestId;
  /** The program that the user started, once it is known. */
  readonly main: Index | null;
  readonly processes: readonly ProcessSummary[];
}

export interface MarkMessage {
  readonly type: 'mark';
  readonly id: RequestId;
  readonly mark: MarkNumber;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  /** What was alive in each traced process: of the heap, and of Python's own allocator. */
  readonly live?: readonly MarkedLive[];
}

export interface MarkedLive {
  /** Of ProcessSummary. */
  readonly index: Index;
  readonly liveBytes: Bytes;
}

export interface SourceMessage {
  readonly type: 'source';
  readonly id: RequestId;
  readonly file: string;
  /** From the first line on; null where it cannot be read. */
  readonly lines: readonly string[] | null;
  /** A sentence: why it cannot be read, or what is odd about it. */
  readonly note: string | null;
}

export interface StoppedMessage {
  readonly type: 'stopped';
  readonly id: RequestId;
}

export interface Pong {
  readonly type: 'pong';
  readonly id: RequestId;
}

export interface ErrorMessage {
  readonly type: 'error';
  /** Of the message it answers; null where that had none that could be read. */
  readonly id: RequestId | null;
  readonly code: ErrorCode;
  /** A sentence for people. */
  readonly message: string;
}

/**
 * malformed: not JSON, or not of its type. unknown-type: perhaps of a later version. version: another protocol.
 * no-process: there is none of this index, or none yet. no-mark: it was not set, or later ones took its place. busy: too many clients or subscriptions. failed: the
 * daemon could not do it.
 */
export const ERROR_CODES = [
  'malformed',
  'unknown-type',
  'version',
  'no-process',
  'no-mark',
  'busy',
  'failed',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The daemon is about to end; every subscription has got its last state. */
export interface Goodbye {
  readonly type: 'goodbye';
}
