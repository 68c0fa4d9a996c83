/**
 * One run, from an empty session to the report: what the daemon does while the program lives.
 *
 * A stand-in as yet: it starts the program, waits for its end and prints one line.
 */
import type { GroupBy } from '../proto/snapshot.js';
import type { Session } from './session/session.js';

export interface RunOptions {
  readonly command: readonly string[];
  readonly output: SnapshotOutput;
  readonly onFull: 'wait' | 'drop';
  /** How many further processes keep a snapshot of their own: the largest. */
  readonly children: number;
  /** Rows of the report. */
  readonly limit: number;
  readonly by: GroupBy;
  /** A file for the report as JSON. */
  readonly json: string | null;
  readonly listen: { readonly host: string; readonly port: number } | null;
  readonly tui: boolean;
  readonly quiet: boolean;
  readonly verbose: number;
}

export type SnapshotOutput =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string; readonly replace: boolean }
  | { readonly kind: 'none' };

/** The process that started the program and waits for it. */
export interface Launcher {
  /** Call it once, when the program may run. @returns null when it could not be started: the user was told why */
  readonly start: () => Promise<StartedProgram | null>;
  /** Resolves after the program's end. */
  readonly ended: Promise<ProgramEnd>;
}

export interface StartedProgram {
  readonly pid: number;
  /** `enum untraced_reason` of a program that runs without the shim; null for a traced one. */
  readonly untraced: number | null;
}

export type ProgramEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: number }
  /** The launcher was killed: the program ended some time after. */
  | { readonly kind: 'unknown' };

export interface RunIo {
  /** The caller's stderr. */
  readonly stderr: { readonly write: (text: string) => unknown };
}

export const runSession = async (
  session: Session,
  options: RunOptions,
  launcher: Launcher,
  io: RunIo,
): Promise<void> => {
  const program = await launcher.start();
  if (!program) return;
  session.noteProgram(program.pid);
  const end = await launcher.ended;
  if (!options.quiet)
    io.stderr.write(`memtrace: ${options.command[0]} (pid ${program.pid}) ${endText(end)}\n`);
};

const endText = (end: ProgramEnd): string => {
  if (end.kind === 'exited') return `exited with ${end.code}`;
  return end.kind === 'signalled' ? `was killed by signal ${end.signal}` : 'ended';
};
