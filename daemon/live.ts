/**
 * What a running (or just ended) session can be asked: the face that the daemon shows to its WebSocket service
 * and to its own report. Implemented by daemon/live/session.ts on the drain core and the symbolizer.
 */
import type {
  CaptureInfo,
  ProcessInfo,
  SizeClass,
  ThreadInfo,
  TimelinePoint,
  Totals,
} from '../proto/snapshot.js';
import type { Profile, Recording } from '../views/profile.js';

/** One process image of the session's tree. `index` is stable and dense; the first program is not always 0. */
export interface LiveProcess {
  readonly index: number;
  readonly info: ProcessInfo;
  readonly capture: CaptureInfo;
  readonly totals: Totals;
  /** Milliseconds from its start to now, or to its end. */
  readonly elapsedMs: number;
  readonly mapped: { readonly liveBytes: number; readonly totalBytes: number; readonly peakBytes: number };
  /** The index of the image it was forked from, or that its pid ran before an exec; null for the first. */
  readonly parent: number | null;
}

/** What lives at a site, of one class of age and one of size. */
export interface Holding {
  /** Milliseconds: `fromMs` ≤ age < `untilMs`, null for no end. */
  readonly fromMs: number;
  readonly untilMs: number | null;
  /** `fromBytes` ≤ size < 2 × `fromBytes`; 0: no bytes. */
  readonly fromBytes: number;
  readonly blocks: number;
  readonly bytes: number;
}

export interface LiveSession {
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly command: readonly string[];
  /** Milliseconds since 1970, which do not jump when somebody sets the clock: that of all times told. */
  readonly nowMs: () => number;
  /** False once the program ended and all its events are in. */
  readonly running: () => boolean;
  /** Cheap: counters only, copied from the core. */
  readonly processes: () => readonly LiveProcess[];
  /** The index of the program that the user started, once it is known. */
  readonly mainProcess: () => number | null;
  /** Sites with symbolized stacks, as of now. Arrays other than `sites` only ever grow between calls. */
  readonly profile: (index: number) => Promise<Profile>;
  readonly threads: (index: number) => readonly ThreadInfo[];
  readonly sizes: (index: number) => readonly SizeClass[];
  /**
   * What lives at the chosen ones of a profile's sites (not 0: chosen); once the process has ended, what lived then.
   * A walk over all live blocks: to be asked when somebody looks.
   */
  readonly holdings: (index: number, chosen: Uint8Array) => Promise<readonly Holding[]>;
  readonly timeline: (index: number) => readonly TimelinePoint[];
  /** A complete, self-contained snapshot as of now. */
  readonly snapshot: (index: number) => Promise<Recording>;
  /** Nothing more is recorded; the program runs on. Absent where that cannot be done. */
  readonly stopTracing?: () => void;
  /** memtrace's own resident memory in bytes: daemon and symbolizer. */
  readonly ownMemory: () => number;
}
