/**
 * Reads a command line against a table of options, strictly: what is not in the table is an error with the
 * nearest name. Uses the parser of yargs without yargs itself, which takes longer to load than Node to start
 * and is only needed to print help (help.ts).
 */
import Parser from 'yargs-parser';
import { type MemtraceError, usageError } from '../views/error.js';
import { nearest } from '../views/nearest.js';
import type { Command, Given, OptionTable } from './table.js';

/** What every command understands. */
export const COMMON_OPTIONS = {
  help: { alias: 'h', type: 'boolean', describe: 'show this help' },
  version: { type: 'boolean', describe: 'show the version' },
  verbose: { alias: 'v', type: 'count', describe: 'say more; twice: with stack traces of faults' },
} as const satisfies OptionTable;

export const parse = (
  name: string,
  { options, endsAtWord }: Pick<Command, 'options' | 'endsAtWord'>,
  args: readonly string[],
): Given => {
  const table: OptionTable = { ...options, ...COMMON_OPTIONS };
  const { argv, error } = Parser.detailed([...args], parserOptions(table, endsAtWord === true));
  if (error) throw wrongUsage(name, error.message);
  const { _: words = [], ...rest } = argv;
  check(name, table, rest);
  return { options: rest, words: words.map(String), wordsAt: args.length - words.length };
};

const namesOf = (table: OptionTable, type: string): string[] =>
  Object.entries(table)
    .filter(([, option]) => (option.choices ? 'string' : option.type) === type)
    .map(([name]) => name);

const parserOptions = (table: OptionTable, endsAtWord: boolean): Parser.Options => ({
  boolean: namesOf(table, 'boolean'),
  string: namesOf(table, 'string'),
  number: namesOf(table, 'number'),
  count: namesOf(table, 'count'),
  alias: Object.fromEntries(
    Object.entries(table).map(([name, { alias }]) => [name, alias === undefined ? [] : [alias].flat()]),
  ),
  default: Object.fromEntries(
    Object.entries(table)
      .filter(([, option]) => option.default !== undefined)
      .map(([name, option]) => [name, option.default]),
  ),
  configuration: {
    'halt-at-non-option': endsAtWord,
    'parse-positional-numbers': false,
    'duplicate-arguments-array': false, // the last one counts
    'camel-case-expansion': false,
    'dot-notation': false,
    'strip-aliased': true,
  },
});

const check = (command: string, table: OptionTable, given: Readonly<Record<string, unknown>>): void => {
  for (const [name, value] of Object.entries(given)) {
    const option = table[name];
    if (!option) throw unknownOption(command, name, table);
    const problem = problemWith(option, value);
    if (problem) throw wrongUsage(command, `${dashed(name)} ${problem}`);
  }
};

const problemWith = ({ choices, type }: OptionTable[string], value: unknown): string | null => {
  if (value === false || value === undefined) return null; // --no-something, where it makes sense
  if (choices && !choices.includes(String(value)))
    return `is one of ${choices.join(', ')}${value === '' ? '' : `, not "${value}"`}`;
  if (type === 'string' && value === '') return 'needs a value';
  if (type === 'number' && !Number.isFinite(value)) return 'needs a number';
  return null;
};

const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

const unknownOption = (command: string, name: string, table: OptionTable): MemtraceError => {
  const close = nearest(name, Object.keys(table));
  return usageError(
    `unknown option ${dashed(name)}`,
    `\`memtrace ${command}\` has no such option.`,
    close ? `Did you mean ${dashed(close)}?` : `See memtrace ${command} --help`,
  );
};

const wrongUsage = (command: string, problem: string): MemtraceError =>
  usageError(problem, 'That is not what this option takes.', `See memtrace ${command} --help`);
