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

export type ClientMessage = ClientHello | Subscribe | Unsubscribe | TakeSnapshot | ListProcesses | Ping;

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
  readonly sort: Metric;
  readonly order: 'descending' | 'ascending';
  readonly kind: KindFilter;
  /** Rows whose function, file or module contains it, without regard to case. */
  readonly filter?: string;
  /** 1 to ROW_LIMIT. */
  readonly limit: Count;
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

/** Answered by a Pong. */
export interface Ping {
  readonly type: 'ping';
  readonly id: RequestId;
}

/** The groupings of views/group.ts. */
export type RowView = 'lines' | 'functions' | 'files' | 'modules' | 'stacks';
export type View = RowView | 'processes' | 'threads' | 'sizes';

/** An index of ProcessSummary; the program that the user started; or all processes summed up. */
export type ProcessChoice = Index | 'main' | 'all';

// ---- daemon → client ----

export type DaemonMessage =
  | DaemonHello
  | Update
  | SnapshotMessage
  | ProcessesMessage
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
      /** Rows that the limit left out. */
      readonly omitted: Count;
      /** Over all rows, also those left out. */
      readonly sum: SiteCounters;
    }
  | { readonly view: 'processes'; readonly rows: readonly ProcessSummary[] }
  | { readonly view: 'threads'; readonly rows: readonly ThreadInfo[] }
  | { readonly view: 'sizes'; readonly rows: readonly SizeClass[] };

/** Sites summed up; figures as in a snapshot. */
export interface ViewRow extends SiteCounters {
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
  /** Of stacks only: innermost first. */
  readonly frames?: readonly string[];
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
 * no-process: there is none of this index, or none yet. busy: too many clients or subscriptions. failed: the
 * daemon could not do it.
 */
export const ERROR_CODES = ['malformed', 'unknown-type', 'version', 'no-process', 'busy', 'failed'] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The daemon is about to end; every subscription has got its last state. */
export interface Goodbye {
  readonly type: 'goodbye';
}
