/**
 * The filter language of `report --filter`, `dump --diff --filter` and the live view: terms separated by white space,
 * all of which must hold.
 *
 *     cache            a function, file or module whose name contains it, without regard to case
 *     "operator new"   the same with blanks in it
 *     /^std::|^gnu/    a regular expression (RE2's); /…/i without regard to case
 *     module:libfoo    the module alone; also file: function: (or fn:); the value may be "…" or /…/
 *     lang:python      frames of this language: native or python
 *     size>1m          or size > 1m: live bytes; also blocks total peak temporary growth, with > >= < <= =
 *     thread:worker    a thread of that name, where rows are threads
 *     !term            not this
 *
 * Of a row that is a stack any frame may match. Other rows than threads know of no thread (figures are kept by stack,
 * not by stack and thread): whoever types `thread:` there is told so.
 */
import { FILTER_LIMIT } from '../proto/messages.js';
import type { Frame, SiteCounters } from '../proto/snapshot.js';
import { linearExpression } from './linearExpression.js';
import { nearest } from './nearest.js';
import { parseBytes } from './units.js';

/** What is told apart by name. */
export interface Named {
  readonly function: string | null;
  readonly file: string | null;
  readonly module: string | null;
  readonly language?: Frame['language'];
  readonly thread?: string;
}

/** What is told apart by size. */
export interface Sized extends SiteCounters {
  /** Live bytes since a mark. */
  readonly grownBytes?: number;
}

/** Names and figures apart: names never change, so that who asks again and again can remember. */
export interface Filter {
  readonly text: string;
  /** Does it ask for threads, so that it makes no sense elsewhere? */
  readonly ofThreads: boolean;
  readonly nameTerms: readonly NameTerm[];
  /** @param names the row's own; of a stack those of its frames */
  readonly matchesNames: (names: readonly Named[]) => boolean;
  readonly matchesFigures: (figures: Sized) => boolean;
}

/** Holds of a stack when it holds of any of its frames; negated, when it holds of none. */
export interface NameTerm {
  readonly negated: boolean;
  readonly test: (named: Named) => boolean;
}

export interface FilterFault {
  /** "there is no modul:, did you mean module:?" */
  readonly message: string;
  /** Where in the text, and how much of it. */
  readonly at: number;
  readonly length: number;
}

export type ParsedFilter =
  | { readonly ok: true; readonly filter: Filter }
  | { readonly ok: false; readonly fault: FilterFault };

/** @param rows what is to be filtered */
export const parseFilter = (text: string, rows: 'stacks' | 'threads' = 'stacks'): ParsedFilter => {
  let terms: readonly Term[];
  try {
    terms = termsOf(text);
  } catch (error) {
    if (!(error instanceof Faulty)) throw error;
    return { ok: false, fault: error.fault };
  }
  const ofThread = terms.find(({ threadAt }) => threadAt !== undefined);
  if (ofThread?.threadAt !== undefined && rows !== 'threads')
    return { ok: false, fault: { message: NO_THREADS, at: ofThread.threadAt, length: 'thread:'.length } };
  const nameTerms = terms.flatMap((term) => (term.kind === 'name' ? [term] : []));
  const figureTerms = terms.flatMap((term) => (term.kind === 'figure' ? [term] : []));
  const filter: Filter = {
    text: text.trim(),
    ofThreads: ofThread !== undefined,
    nameTerms,
    matchesNames: (names) => nameTerms.every(({ test, negated }) => names.some(test) !== negated),
    matchesFigures: (figures) => figureTerms.every(({ test, negated }) => test(figures) !== negated),
  };
  return { ok: true, filter };
};

/** Rows as views/group.ts makes them. */
export const filterRows = <
  R extends Named & Sized & { readonly stack: (() => readonly Named[]) | undefined },
>(
  rows: readonly R[],
  filter: Filter | null,
): readonly R[] =>
  filter
    ? rows.filter((row) => filter.matchesNames(row.stack?.() ?? [row]) && filter.matchesFigures(row))
    : rows;

/** The text with marks below what is wrong in it. */
export const pointAt = (text: string, { at, length }: FilterFault): readonly string[] => [
  text,
  `${' '.repeat(at)}${'^'.repeat(Math.max(1, length))}`,
];

// ---- terms ----

type Test =
  | { readonly kind: 'name'; readonly test: NameTerm['test'] }
  | { readonly kind: 'figure'; readonly test: (figures: Sized) => boolean };
type Term = Test & { readonly negated: boolean; readonly threadAt?: number };

const NO_THREADS =
  'thread: is not possible here, figures are kept by stack, not by thread; see the Threads view';

const MOST_TERMS = 30;

class Faulty extends Error {
  readonly fault: FilterFault;
  constructor(message: string, at: number, length: number) {
    super(message);
    this.fault = { message, at, length };
  }
}

const termsOf = (text: string): readonly Term[] => {
  if (text.length > FILTER_LIMIT) throw new Faulty(`longer than ${FILTER_LIMIT} characters`, FILTER_LIMIT, 1);
  const terms: Term[] = [];
  let at = 0;
  for (;;) {
    while (isBlank(text[at])) at += 1;
    if (at >= text.length) return terms;
    const start = at;
    while (text[at] === '!') at += 1;
    const negated = (at - start) % 2 === 1;
    if (at >= text.length || isBlank(text[at]))
      throw new Faulty('there is nothing after !', start, at - start);
    const { term, end } = termAt(text, at);
    terms.push({ ...term, negated });
    if (terms.length > MOST_TERMS)
      throw new Faulty(`more than ${MOST_TERMS} terms`, start, text.length - start);
    at = end;
  }
};

/** Tabs and the rest too: words end there. */
const isBlank = (character: string | undefined): boolean => character !== undefined && /\s/.test(character);

interface TermAt {
  readonly term: Test & { readonly threadAt?: number };
  readonly end: number;
}

const NAMES: Readonly<Record<string, (named: Named) => readonly (string | null)[]>> = {
  module: ({ module }) => [module],
  file: ({ file }) => [file],
  function: (named) => [named.function],
  fn: (named) => [named.function],
  thread: ({ thread = null }) => [thread],
};

const FIGURES: Readonly<Record<string, { of: (figures: Sized) => number; unit: 'bytes' | 'count' }>> = {
  size: { of: ({ liveBytes }) => liveBytes, unit: 'bytes' },
  live: { of: ({ liveBytes }) => liveBytes, unit: 'bytes' },
  peak: { of: ({ peakBytes }) => peakBytes, unit: 'bytes' },
  total: { of: ({ totalBytes }) => totalBytes, unit: 'bytes' },
  growth: { of: ({ grownBytes = 0 }) => grownBytes, unit: 'bytes' },
  blocks: { of: ({ liveBlocks }) => liveBlocks, unit: 'count' },
  temporary: { of: ({ temporaryBlocks }) => temporaryBlocks, unit: 'count' },
};

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
};

const anyName = ({ function: name, file, module }: Named) => [name, file, module];

const termAt = (text: string, at: number): TermAt => {
  const rest = text.slice(at);
  // Two colons are C++, not a key.
  const [, key = '', colon] = /^([a-z]+)(:)(?!:)/i.exec(rest) ?? [];
  if (colon) return named(text, at, key.toLowerCase());
  const [, figure = '', comparison = '', value = ''] =
    /^([a-z]+\s*)((?:>=|<=|>|<|=)\s*)(\S*)/i.exec(rest) ?? [];
  const known = Object.hasOwn(FIGURES, figure.trimEnd().toLowerCase());
  // vector<int> and operator= are names; siez>1m is a mistake.
  if (comparison && (known || /^-?[\d.]/.test(value))) return sized(at, figure, comparison, value);
  const { matches, end } = patternAt(text, at);
  return { term: { kind: 'name', test: (each) => anyName(each).some(matches) }, end };
};

const named = (text: string, at: number, key: string): TermAt => {
  const length = key.length + 1;
  if (key === 'lang' || key === 'language') return languageAt(text, at, at + length);
  const namesOf = Object.hasOwn(NAMES, key) ? NAMES[key] : undefined;
  if (!namesOf) {
    const close = nearest(key, [...Object.keys(NAMES), 'lang']);
    const hint = close ? `did you mean ${close}:` : 'there are module: file: function: lang:';
    throw new Faulty(`there is no ${key}:, ${hint}; put a name with a colon in "..."`, at, length);
  }
  const { matches, end } = patternAt(text, at + length, `${key}: needs a name after it`);
  const term = { kind: 'name', test: (each: Named) => namesOf(each).some(matches) } as const;
  return { term: key === 'thread' ? { ...term, threadAt: at } : term, end };
};

const LANGUAGES: readonly Frame['language'][] = ['native', 'python'];

const languageAt = (text: string, at: number, valueAt: number): TermAt => {
  const [value = ''] = /^\S*/.exec(text.slice(valueAt)) ?? [];
  const wanted = LANGUAGES.find((language) => language === value.toLowerCase());
  if (!wanted) {
    const problem =
      value === '' ? 'lang: needs native or python after it' : `${value} is not native or python`;
    throw value === '' ? new Faulty(problem, at, valueAt - at) : new Faulty(problem, valueAt, value.length);
  }
  return {
    term: { kind: 'name', test: ({ language = 'native' }) => language === wanted },
    end: valueAt + value.length,
  };
};

const sized = (at: number, name: string, comparison: string, value: string): TermAt => {
  const key = name.trimEnd().toLowerCase();
  const figure = Object.hasOwn(FIGURES, key) ? FIGURES[key] : undefined;
  const compare = COMPARE[comparison.trimEnd()];
  if (!figure || !compare) {
    const close = nearest(key, Object.keys(FIGURES));
    const hint = close ? `did you mean ${close}?` : `there are ${Object.keys(FIGURES).join(', ')}`;
    throw new Faulty(`there is no figure ${name.trimEnd()}, ${hint}`, at, name.trimEnd().length);
  }
  const valueAt = at + name.length + comparison.length;
  const size = numberOf(value, figure.unit);
  if (size === null) {
    const needs = figure.unit === 'bytes' ? 'a size such as 512, 100k or 1m' : 'a number such as 1000';
    throw value === ''
      ? new Faulty(`${key}${comparison.trimEnd()} needs ${needs}`, at, valueAt - at)
      : new Faulty(`${value} is not ${needs}`, valueAt, value.length);
  }
  return {
    term: { kind: 'figure', test: (figures) => compare(figure.of(figures), size) },
    end: valueAt + value.length,
  };
};

const numberOf = (text: string, unit: 'bytes' | 'count'): number | null => {
  const negative = text.startsWith('-');
  const digits = negative ? text.slice(1) : text;
  const size = unit === 'bytes' || /^\d+[kmg]?$/i.test(digits) ? parseBytes(digits) : null;
  if (size === null) return null;
  // Of counts k is a thousand.
  const power = unit === 'count' ? 'kmg'.indexOf(digits.slice(-1).toLowerCase()) + 1 : 0;
  const value = power > 0 ? Number.parseInt(digits, 10) * 1000 ** power : size;
  return negative ? -value : value;
};

// ---- names ----

interface PatternAt {
  readonly matches: (name: string | null) => boolean;
  readonly end: number;
}

/** A word, "words" or /expression/. */
const patternAt = (text: string, at: number, ifMissing = ''): PatternAt => {
  if (text[at] === '/') return expressionAt(text, at);
  if (text[at] === '"') {
    const close = text.indexOf('"', at + 1);
    if (close < 0) throw new Faulty('the " is not closed', at, text.length - at);
    return { matches: containing(text.slice(at + 1, close)), end: close + 1 };
  }
  const [word = ''] = /^\S*/.exec(text.slice(at)) ?? [];
  if (word === '') throw new Faulty(ifMissing, Math.max(0, at - 1), 1);
  return { matches: containing(word), end: at + word.length };
};

const containing = (word: string): PatternAt['matches'] => {
  const wanted = word.toLowerCase();
  return (name) => name?.toLowerCase().includes(wanted) === true;
};

const expressionAt = (text: string, at: number): PatternAt => {
  // A path is a word: /usr/lib/libz.so has no blank or end after its second slash.
  const [whole, source = '', flags = ''] = /^\/((?:[^/\\]|\\.)+)\/(i?)(?=\s|$)/.exec(text.slice(at)) ?? [];
  if (whole === undefined) {
    const [word = ''] = /^\S*/.exec(text.slice(at)) ?? [];
    if (word.indexOf('/', 1) > 0 && !word.endsWith('/'))
      return { matches: containing(word), end: at + word.length };
    throw new Faulty('the / is not closed: an expression ends with /', at, text.length - at);
  }
  const made = linearExpression(source, flags === 'i' ? 'any case' : 'as written');
  if (!made.ok) throw new Faulty(`no regular expression: ${made.why}`, at, whole.length);
  const { test } = made;
  return { matches: (name) => name !== null && test(name), end: at + whole.length };
};
