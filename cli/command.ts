/** What a command is: its options, and what it is called with once they were read (parse.ts). */
import type { Options } from 'yargs';
import type { Io } from './print/io.js';

/** What takes a value can be told to do without one (`--no-output`) only where it says so. */
export type Option = Options & { readonly canBeNone?: true };
export type OptionTable = Readonly<Record<string, Option>>;

/** A command line after its options were read and checked against the table. */
export interface Given {
  readonly options: Readonly<Record<string, unknown>>;
  /** Those that were given, not left at their default. */
  readonly named: ReadonlySet<string>;
  /** Those that were given a value and told to be none, too: what came last counts. */
  readonly contradicted: ReadonlySet<string>;
  /** What is no option. */
  readonly words: readonly string[];
  /** How many of the arguments came before `words`, where options end at the first word. */
  readonly wordsAt: number;
}

export interface Command {
  readonly options: OptionTable;
  /** Options end at the first word: the rest belongs to the program. */
  readonly endsAtWord?: boolean;
  /** As many words are understood; more are an error. Any number where it is not given. */
  readonly mostWords?: number;
  /** The exit code of any error under these options, where it is not the error's own. */
  readonly trouble?: (given: Given) => number | undefined;
  /** @returns the exit code */
  readonly run: (given: Given, io: Io) => number | Promise<number>;
}
