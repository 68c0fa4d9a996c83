/**
 * Reads a command line against a table of options, strictly: what is not in the table is an error with the
 * nearest name. Uses the parser of yargs without yargs itself, which takes longer to load than Node to start
 * and is only needed to print help (help.ts).
 */
import Parser from 'yargs-parser';
import { type MemtraceError, usageError } from '../views/error.js';
import { nearest } from '../views/nearest.js';
import { named } from '../views/text.js';
import type { Command, Given, Option, OptionTable } from './command.js';

/** What every command understands. */
export const COMMON_OPTIONS = {
  help: { alias: 'h', type: 'boolean', describe: 'show this help' },
  version: { type: 'boolean', describe: 'show the version' },
  verbose: { alias: 'v', type: 'count', describe: 'say more; twice: with stack traces of faults' },
} as const satisfies OptionTable;

export const parse = (
  name: string,
  { options, endsAtWord = false, mostWords }: Pick<Command, 'options' | 'endsAtWord' | 'mostWords'>,
  args: readonly string[],
): Given => {
  const table: OptionTable = { ...options, ...COMMON_OPTIONS };
  const { argv, error } = Parser.detailed(
    spelledOut(name, table, endsAtWord, args),
    parserOptions(table, endsAtWord),
  );
  if (error) throw wrongUsage(name, error.message);
  const { _: words = [], ...repeated } = argv;
  const given = lastOfEach(repeated);
  check(name, table, given);
  const extra = mostWords === undefined ? undefined : words[mostWords];
  if (extra !== undefined)
    throw usageError(
      `what is ${named(String(extra))} for?`,
      'It is one word too many.',
      `See memtrace ${name} --help`,
    );
  return {
    options: { ...defaultsOf(table), ...numbered(table, given) },
    named: new Set(Object.keys(given)),
    contradicted: new Set(Object.keys(repeated).filter((option) => isContradicted(repeated[option]))),
    words: words.map(String),
    wordsAt: args.length - words.length,
  };
};

/**
 * The parser takes a `true` or `false` that stands behind a boolean for its value; here it is the next word, a
 * program's name for instance. A boolean with any other value behind `=` is wrong. The parser knows no value that
 * stands behind its letter; here `-oFILE` has one. Nor does it take a `-` for the value of a long name.
 */
const spelledOut = (
  command: string,
  table: OptionTable,
  endsAtWord: boolean,
  args: readonly string[],
): string[] => {
  const all = [...args];
  for (let at = 0; at < all.length; at += 1) {
    const whole = all[at] ?? '';
    if (whole === '--') break;
    if (!isOption(whole) && endsAtWord) return [...all.slice(0, at), '--', ...all.slice(at)];
    if (!isOption(whole)) continue;
    const [arg = '', ...more] = detached(table, whole);
    all.splice(at, 1, arg, ...more);
    const [dashedName = '', value] = arg.split(/=(.*)/s);
    const name = nameOf(table, dashedName);
    const isFlag = name !== undefined && table[name]?.type === 'boolean';
    if (value !== undefined) {
      if (isFlag && !/^(true|false)$/.test(value))
        throw wrongUsage(command, `${dashed(name)} takes no value`);
    } else if (isFlag) {
      if (!endsAtWord && /^(true|false)$/.test(all[at + 1] ?? '')) all[at] = `${arg}=true`;
    } else if (name !== undefined && table[name]?.type !== 'count') {
      if (all[at + 1] === '-' && arg.startsWith('--')) all.splice(at, 2, `${arg}=-`);
      else at += 1; // its value
    }
  }
  return all;
};

const isOption = (arg: string): boolean => arg.length > 1 && arg.startsWith('-');

/** `-qoFILE` as `-q --output=FILE`. */
const detached = (table: OptionTable, arg: string): readonly string[] => {
  if (arg.startsWith('--')) return [arg];
  for (let at = 1; at < arg.length; at += 1) {
    const name = nameOf(table, `-${arg[at]}`);
    if (name === undefined) break;
    const value = arg.slice(at + 1);
    const { type } = table[name] ?? {};
    if (type === 'boolean' || type === 'count') continue;
    if (value === '' || value.startsWith('=')) break;
    return [...(at > 1 ? [arg.slice(0, at)] : []), `--${name}=${value}`];
  }
  return [arg];
};

/** Of `--name`, or the last one of `-abc`; undefined for what is none, `--no-name` among it. */
const nameOf = (table: OptionTable, dashedName: string): string | undefined => {
  const given = dashedName.startsWith('--') ? dashedName.slice(2) : dashedName.slice(-1);
  return Object.keys(table).find((name) => name === given || [table[name]?.alias].flat().includes(given));
};

/** What is given twice comes as a list. */
const lastOfEach = (repeated: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(repeated).map(([name, value]) => [name, Array.isArray(value) ? value.at(-1) : value]),
  );

const isContradicted = (value: unknown): boolean =>
  Array.isArray(value) && value.includes(false) && value.some((each) => each !== false);

const defaultsOf = (table: OptionTable): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(table)
      .filter(([, option]) => option.default !== undefined)
      .map(([name, option]) => [name, option.default]),
  );

/** Numbers are read as text first: the parser adds up those that are given twice. */
const numbered = (
  table: OptionTable,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      table[name]?.type === 'number' ? Number(value) : value,
    ]),
  );

const namesOf = (table: OptionTable, type: string): string[] =>
  Object.entries(table)
    .filter(([, option]) => (option.choices ? 'string' : option.type) === type)
    .map(([name]) => name);

const parserOptions = (table: OptionTable, endsAtWord: boolean): Parser.Options => ({
  boolean: namesOf(table, 'boolean'),
  string: [...namesOf(table, 'string'), ...namesOf(table, 'number')],
  count: namesOf(table, 'count'),
  alias: Object.fromEntries(
    Object.entries(table).map(([name, { alias }]) => [name, alias === undefined ? [] : [alias].flat()]),
  ),
  configuration: {
    'halt-at-non-option': endsAtWord,
    'parse-positional-numbers': false,
    'camel-case-expansion': false,
    'dot-notation': false,
    'strip-aliased': true,
  },
});

const check = (command: string, table: OptionTable, given: Readonly<Record<string, unknown>>): void => {
  for (const [name, value] of Object.entries(given)) {
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!option) throw unknownOption(command, name, table);
    const problem = problemWith(option, value);
    if (problem) throw wrongUsage(command, `${dashed(name)} ${problem}`);
  }
};

const problemWith = ({ choices, type, canBeNone }: Option, value: unknown): string | null => {
  if (value === undefined) return null;
  if (value === false) return type === 'boolean' || canBeNone ? null : 'needs a value; it cannot be none';
  if (choices && !choices.includes(String(value)))
    return `is one of ${choices.join(', ')}${value === '' ? '' : `, not "${value}"`}`;
  if (type === 'string' && value === '') return 'needs a value';
  if (type === 'number' && !/^-?\d+(\.\d+)?$/.test(String(value))) return 'needs a whole number in digits';
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
