/** What `memtrace ls --json` prints. A contract: fields may be added, never changed (proto/README.md). */

export const SESSIONS_SCHEMA = 'memtrace.sessions/1';

/** Oldest first. */
export interface SessionList {
  readonly schema: typeof SESSIONS_SCHEMA;
  readonly sessions: readonly SessionInfo[];
}

export interface SessionInfo {
  readonly id: string;
  /** Of the program; null until it runs. */
  readonly pid: number | null;
  readonly daemonPid: number;
  readonly command: readonly string[];
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Abandoned: its daemon is gone; `memtrace clean` removes what it left. */
  readonly state: 'starting' | 'running' | 'ending' | 'abandoned';
  /** Path of the Unix socket of the live service. */
  readonly socket: string;
}
