/**
 * The one error a user is meant to see: what happened, why, and what to do about it, printed in that order.
 *
 * Anything else that is thrown is a fault in memtrace.
 */
import { clean } from './text.js';

/** 1: bad input. 2: wrong usage. 125–127: `run` could not start the program, as `env` and `timeout` have it. */
export type ErrorExitCode = 1 | 2 | 125 | 126 | 127;

export interface Explanation {
  /** What happened: "cannot read a.json". No capital, no full stop. */
  readonly message: string;
  /** The cause, as a sentence. */
  readonly why: string;
  /** What the user can do now, as a sentence. */
  readonly remedy: string;
  readonly exitCode?: ErrorExitCode;
}

export class MemtraceError extends Error {
  readonly why: string;
  readonly remedy: string;
  readonly exitCode: ErrorExitCode;

  constructor({ message, why, remedy, exitCode = 1 }: Explanation) {
    super(message);
    this.name = 'MemtraceError';
    this.why = why;
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** The three lines for stderr. They repeat what was typed, and name files of others. */
export const errorLines = (error: MemtraceError): readonly string[] =>
  [`memtrace: ${error.message}`, ...`  why: ${error.why}`.split('\n'), `  try: ${error.remedy}`].map(clean);

/** Wrong usage: exit code 2. */
export const usageError = (message: string, why: string, remedy: string): MemtraceError =>
  new MemtraceError({ message, why, remedy, exitCode: 2 });
