/**
 * A source file with what each of its lines allocated beside it.
 *
 * Self: a line has what it answers for, the same figures as in the report by line. Inclusive: a line also has what
 * is allocated in the calls it makes, each stack once for each of its lines; then the lines overlap.
 */
import { normalize, resolve } from 'node:path/posix';
import {
  ANNOTATION_SCHEMA,
  type AnnotatedLine,
  type Annotation,
  type Index,
  type KindFilter,
} from '../proto/snapshot.js';
import { blameOf } from './blame.js';
import type { Recording } from './profile.js';
import { addSite, eachSite, emptySum, type Sum } from './sites.js';

export interface AnnotateOptions {
  /** As the frames name it. */
  readonly file: string;
  /** What the user calls the function; null for the whole file. */
  readonly function: string | null;
  readonly kind: KindFilter;
  readonly count: Annotation['count'];
  /** Lines shown around those with figures; infinite for all. */
  readonly context: number;
}

export interface SourceOfFile {
  /** By line, counted from 1; with gaps where only some lines are known. */
  readonly text: ReadonlyMap<number, string>;
  /** What the reader should know of it. */
  readonly notes: readonly string[];
}

/** @returns null where no frame of the file is in such a function */
export const annotate = (
  snapshot: Recording,
  source: SourceOfFile,
  options: AnnotateOptions,
): Annotation | null => {
  const { file, function: name, kind, count, context } = options;
  const range = name === null ? WHOLE : functionRange(snapshot, source, file, name);
  if (!range) return null;
  const { byLine, sum } = sumLines(snapshot, { file, kind, count, range });
  return {
    schema: ANNOTATION_SCHEMA,
    file,
    function: name,
    kind,
    count,
    lines: linesOf(source, byLine, range, context),
    sum,
    notes: [...source.notes, ...emptyNotes(snapshot, options, byLine.size === 0)],
  };
};

interface Range {
  readonly first: number;
  readonly last: number;
}
const WHOLE: Range = { first: 1, last: Number.POSITIVE_INFINITY };

const sumLines = (
  snapshot: Recording,
  { file, kind, count, range }: Pick<AnnotateOptions, 'file' | 'kind' | 'count'> & { readonly range: Range },
) => {
  const { stacks, frames, sites } = snapshot;
  const blame = blameOf(snapshot);
  const byLine = new Map<number, Sum>();
  const sum = emptySum();
  const lineOf = (node: Index): number | null => {
    const frame = frames[stacks.frame[node]];
    const line = frame?.file === file ? frame.line : null;
    return line !== null && line >= range.first && line <= range.last ? line : null;
  };
  const linesOfStack = (stack: Index): ReadonlySet<number> => {
    const lines = new Set<number>();
    const take = (node: Index) => {
      const line = lineOf(node);
      if (line !== null) lines.add(line);
    };
    if (count === 'self') take(blame.nodeOf(stack));
    else for (let node = stack; node >= 0; node = stacks.parent[node]) take(node);
    return lines;
  };
  eachSite(sites, kind, (at, stack) => {
    const lines = linesOfStack(stack);
    if (lines.size > 0) addSite(sum, sites, at);
    for (const line of lines) {
      const counters = byLine.get(line) ?? emptySum();
      byLine.set(line, counters);
      addSite(counters, sites, at);
    }
  });
  return { byLine, sum };
};

const linesOf = (
  { text }: SourceOfFile,
  byLine: ReadonlyMap<number, Sum>,
  { first, last }: Range,
  context: number,
): readonly AnnotatedLine[] => {
  const marked = [...byLine.keys()];
  const isNear = (line: number) =>
    context === Number.POSITIVE_INFINITY || marked.some((at) => Math.abs(at - line) <= context);
  return [...new Set([...text.keys(), ...marked])]
    .filter((line) => line >= first && line <= last && isNear(line))
    .sort((a, b) => a - b)
    .map((line) => ({ line, text: text.get(line) ?? null, counters: byLine.get(line) ?? null }));
};

const emptyNotes = (
  snapshot: Recording,
  { file, kind, count }: AnnotateOptions,
  isEmpty: boolean,
): readonly string[] => {
  if (!isEmpty) return [];
  const more =
    count === 'self' && sumLines(snapshot, { file, kind, count: 'inclusive', range: WHOLE }).byLine.size > 0
      ? '; --inclusive shows what is allocated in their calls'
      : '';
  return [`none of these lines allocates by itself${more}`];
};

/** All files that a frame of the snapshot is in. */
export const filesOf = ({ frames }: Pick<Recording, 'frames'>): readonly string[] => [
  ...new Set(frames.flatMap(({ file }) => (file === null ? [] : [file]))),
];

/** All functions of a file, as the frames name them. */
export const functionsOf = ({ frames }: Pick<Recording, 'frames'>, file: string): readonly string[] => [
  ...new Set(
    frames.flatMap((frame) => (frame.file === file && frame.function !== null ? [frame.function] : [])),
  ),
];

/**
 * The files a user may mean: the one of this name or, from `cwd`, of this path; else all that end so.
 */
export const filesMeant = (files: readonly string[], typed: string, cwd: string): readonly string[] => {
  const plain = normalize(typed);
  const path = resolve(cwd, plain);
  const exact = files.filter((file) => file === typed || file === path);
  return exact.length > 0 ? exact.slice(0, 1) : files.filter((file) => file.endsWith(`/${plain}`));
};

/** `insert` and `Cache::insert` mean `Cache::insert(int)`, `f` means `f`, `Class.f` and `outer.<locals>.f`. */
export const isFunctionMeant = (name: string, typed: string): boolean => {
  const bare = bareName(name);
  return [name, bare, bare.replace(/<[^<>.]*>/g, '')].some(
    (each) => each === typed || ['::', '.', ' '].some((mark) => each.endsWith(mark + typed)),
  );
};

/** Without parameters. */
export const bareName = (name: string): string =>
  name.replace(/\(anonymous namespace\)::/g, '').replace(/\(.*$/s, '');

/** Farther up than this a function's head is not looked for. */
const HEAD_WITHIN = 500;

/**
 * The lines of a function: those that its frames name, then by the text up to its head, which names it, and down to
 * the end of its body, which is indented deeper than the head.
 */
const functionRange = (
  { frames }: Pick<Recording, 'frames'>,
  { text }: SourceOfFile,
  file: string,
  name: string,
): Range | null => {
  const inside = frames.filter((frame) => frame.file === file && isFunctionMeant(frame.function ?? '', name));
  const lines = inside.flatMap(({ line }) => (line === null ? [] : [line]));
  if (lines.length === 0) return null;
  let first = lines.reduce((a, b) => Math.min(a, b));
  let last = lines.reduce((a, b) => Math.max(a, b));
  const isHead = inside[0]?.language === 'python' ? isPythonHead : isNativeHead;
  const bare = name.split(/::|\./).at(-1) ?? name;
  const head = lineAbove(text, first, (line) => isHead(line, bare));
  if (head === null) return { first, last };
  first = head;
  const depth = indentOf(text.get(head) ?? '');
  for (let at = last + 1; text.has(at); at += 1) {
    const line = text.get(at) ?? '';
    if (line.trim() === '') continue;
    if (indentOf(line) > depth || /^\s*[{})]/.test(line)) last = at;
    if (indentOf(line) <= depth && !/^\s*\{/.test(line)) break;
  }
  return { first, last };
};

const lineAbove = (
  text: ReadonlyMap<number, string>,
  from: number,
  is: (line: string) => boolean,
): number | null => {
  for (let at = from; at > from - HEAD_WITHIN && text.has(at); at -= 1) if (is(text.get(at) ?? '')) return at;
  return null;
};

const isPythonHead = (line: string, name: string): boolean =>
  /^\s*(?:async\s+)?def\s+(\w+)/.exec(line)?.[1] === name;

/** Names it before a parenthesis, and is no statement. */
const isNativeHead = (line: string, name: string): boolean =>
  new RegExp(`(?:^|[^\\w.>])${name.replace(/[^\w]/g, '\\$&')}\\s*\\(`).test(line) &&
  !/;\s*(?:\/\/.*)?$|^\s*(?:return|if|else|while|for|switch|case)\b/.test(line);

const indentOf = (line: string): number => line.length - line.trimStart().length;
