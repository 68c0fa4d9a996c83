/**
 * The names of one file as a text that is read back at one stroke, by JSON.parse: a loop over lines takes longer than
 * the rest of the naming, most of it for V8 to compile it. Pure.
 */
import type { SymbolFrame } from './model.js';
import { type Answer, isState } from './protocol.js';

export interface KnownNames {
  readonly addresses: readonly number[];
  readonly answer: Answer;
}

/** Equal names and equal answers stand there once. */
interface Tables {
  readonly state: string;
  readonly detail: string;
  /** Null first. */
  readonly strings: readonly (string | null)[];
  /** Of each answer its frames: the number of the function's name, that of the file's, the line or 0. */
  readonly answers: readonly (readonly number[])[];
  readonly addresses: readonly number[];
  /** The number of each address's answer. */
  readonly answerOf: readonly number[];
}

/** @returns one line */
export const namesText = ({ addresses, answer }: KnownNames): string => {
  const strings: (string | null)[] = [null];
  const numbers = new Map<string | null, number>([[null, 0]]);
  const numberOf = (text: string | null): number => {
    const number = numbers.get(text) ?? strings.push(text) - 1;
    numbers.set(text, number);
    return number;
  };
  const answers: (readonly number[])[] = [];
  // Equal answers of one source are one object, those of several are told by their text.
  const known = new Map<readonly SymbolFrame[] | string, number>();
  const answerOf = answer.frames.map((frames) => {
    const before = known.get(frames);
    if (before !== undefined) return before;
    const numbered = frames.flatMap((f) => [numberOf(f.function), numberOf(f.file), f.line ?? 0]);
    const text = numbered.join();
    const number = known.get(text) ?? answers.push(numbered) - 1;
    known.set(frames, number).set(text, number);
    return number;
  });
  const { state = 'lines', detail = '' } = answer.status ?? {};
  const tables: Tables = { state, detail, strings, answers, addresses, answerOf };
  return JSON.stringify(tables);
};

/** @returns null for what is no such text, or is damaged */
export const namesIn = (text: string): KnownNames | null => {
  const tables = tablesIn(text);
  if (!tables || !isState(tables.state)) return null;
  const { state, detail, addresses, answerOf } = tables;
  const answers = tables.answers.map((answer) => framesIn(answer, tables.strings));
  const frames = answerOf.map((number) => answers[number]);
  const isWhole = frames.length === addresses.length && !(frames as readonly unknown[]).includes(undefined);
  return isWhole ? { addresses, answer: { frames, status: { state, detail } } } : null;
};

const framesIn = (answer: readonly number[], strings: Tables['strings']): SymbolFrame[] => {
  const frames: SymbolFrame[] = [];
  for (let at = 0; at < answer.length; at += 3)
    frames.push({
      function: strings[answer[at]] ?? null,
      file: strings[answer[at + 1]] ?? null,
      line: answer[at + 2] || null,
      inlined: at + 3 < answer.length,
    });
  return frames;
};

const tablesIn = (text: string): Tables | null => {
  try {
    const value: unknown = JSON.parse(text);
    return isTables(value) ? value : null;
  } catch {
    return null;
  }
};

const isTables = (value: unknown): value is Tables => {
  const tables = value as Readonly<Record<keyof Tables, unknown>> | null;
  return (
    typeof tables?.state === 'string' &&
    typeof tables.detail === 'string' &&
    isList(tables.strings, (each) => each === null || typeof each === 'string') &&
    isList(tables.answers, areNumbers) &&
    areNumbers(tables.addresses) &&
    areNumbers(tables.answerOf)
  );
};

const isList = (value: unknown, isRight: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isRight);

const areNumbers = (value: unknown): boolean => isList(value, Number.isSafeInteger);
