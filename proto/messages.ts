/**
 * The live service: what a client and the daemon of a session say to each other over a WebSocket, one JSON object
 * per text message. proto/README.md has a worked conversation; proto/parseMessages.ts turns what arrived into
 * these types or says what is wrong with it.
 *
 * Within a version types and optional fields may be added: readers ignore fields they do not know, and answer a
 * message of unknown type with an error instead of hanging up.
 * What the views hold is in proto/views.ts; whoever speaks gets it from here.
 */
import type { Bytes, Index } from './snapshot.js';
import type { Header, MarkNumber, ProcessChoice, ProcessSummary, Table, ViewQuery } from './views.js';

export * from './views.js';

export const PROTOCOL_VERSION = 1;

/** What a client may send in one message; the daemon hangs up on more. */
export const REQUEST_LIMIT_BYTES = 64 * 1024;
/** Rows that a client may ask for. */
export const ROW_LIMIT = 10_000;
/** Of a filter, in UTF-16 units. */
export const FILTER_LIMIT = 2000;
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
