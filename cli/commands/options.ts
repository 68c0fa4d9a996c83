/** Options that several commands read alike: one table for help, completion and the commands themselves. */
import type { Options } from 'yargs';
import type { GroupBy, KindFilter, Metric } from '../../proto/snapshot.js';
import { usageError } from '../../views/error.js';
import { type Filter, parseFilter, pointAt } from '../../views/filter.js';

export const GROUPINGS: readonly GroupBy[] = ['line', 'function', 'file', 'module', 'stack'];
export const METRICS: readonly Metric[] = ['live', 'peak', 'total', 'temporary', 'blocks'];
const KINDS: readonly KindFilter[] = ['payload', 'heap', 'python', 'mmap', 'all'];

export type Language = 'python' | 'native' | 'all';
const LANGUAGES: readonly Language[] = ['python', 'native', 'all'];

export const viewOptions = {
  by: { choices: GROUPINGS, default: 'line', describe: 'what a row stands for' },
  kind: {
    choices: KINDS,
    default: 'payload',
    describe: "malloc and its kin (heap), Python's own allocator, both (payload), what was mapped, or all",
  },
  filter: {
    type: 'string',
    describe: 'rows that match: text /re/ !not size>1m module:libfoo lang:python, all of them',
  },
  language: {
    choices: LANGUAGES,
    default: 'all',
    describe: 'rows of lines in Python, of native ones, or all: as lang: in a filter',
  },
  limit: { type: 'number', default: 20, describe: 'rows at most; 0 for all' },
  json: { type: 'boolean', default: false, describe: 'print JSON instead of a table' },
  color: {
    choices: ['auto', 'always', 'never'],
    default: 'auto',
    describe: 'colour on a terminal, always, or never',
  },
} as const satisfies Readonly<Record<string, Options>>;

export const mouseOption = {
  type: 'boolean',
  default: true,
  describe: 'of the live table: wheel, rows and column titles; --no-mouse leaves it to the terminal',
} as const satisfies Options;

/** @returns a number of rows, infinite for 0 */
export const rowLimit = (limit: number): number => {
  if (!Number.isInteger(limit) || limit < 0)
    throw usageError(
      `--limit ${limit} makes no sense`,
      'A number of rows is a whole number, 0 or more.',
      'Give --limit 20, or --limit 0 for all rows.',
    );
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
};

/** @returns null where none was given */
export const filterOf = (text: string | undefined, language: Language = 'all'): Filter | null => {
  if (text === undefined && language === 'all') return null;
  const parsed = parseFilter(language === 'all' ? (text ?? '') : `${text ?? ''} lang:${language}`);
  if (parsed.ok) return parsed.filter;
  const pointing = pointAt(text ?? '', parsed.fault).map((line) => `       ${line}`);
  throw usageError(
    'the filter makes no sense',
    [`${parsed.fault.message}.`, ...pointing].join('\n'),
    "Give words, /expressions/, module:name, size>1m, or ! before one: --filter 'cache !libz size>64k'",
  );
};
