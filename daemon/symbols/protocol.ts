/**
 * The line protocol of memtrace-symbolizer, daemon's side: native/symbolizer/protocol.md.
 * Pure: text in, values out.
 */
import type { SymbolFrame } from './model.js';

export const hello = 'memtrace-symbolizer 1';

export type ModuleState =
  | 'lines'
  | 'symbols'
  | 'exports'
  | 'stripped'
  | 'compressed'
  | 'mismatch'
  | 'unreadable';

export interface ModuleStatus {
  readonly state: ModuleState;
  readonly detail: string;
}

/** The answer to one request: the frames of each address in the order asked; the status when the file was opened for it. */
export interface Answer {
  readonly frames: readonly (readonly SymbolFrame[])[];
  readonly status: ModuleStatus | null;
}

export interface ModuleDefinition {
  readonly buildId: string | null;
  /** path to open the file by, null when it could not be reached */
  readonly source: string | null;
  /** its path in the traced process */
  readonly name: string;
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\\': '\\\\' };
const escaped = (text: string): string => text.replace(/[\n\t\\]/g, (c) => escapes[c] ?? c);
const unescaped = (text: string): string =>
  text.includes('\\')
    ? text.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c === 't' ? '\t' : c))
    : text;

export const defineLine = (number: number, { buildId, source, name }: ModuleDefinition): string =>
  `M\t${number}\t${buildId ?? ''}\t${escaped(source ?? '')}\t${escaped(name)}\n`;

export const lookupLine = (number: number, addresses: readonly number[]): string =>
  `L\t${number}\t${addresses.map((address) => address.toString(16)).join(' ')}\n`;

export const isState = (word: string): word is ModuleState =>
  ['lines', 'symbols', 'exports', 'stripped', 'compressed', 'mismatch', 'unreadable'].includes(word);

const parseStatus = (line: string): ModuleStatus => {
  const [, , state = '', ...detail] = line.split(' ');
  return { state: isState(state) ? state : 'unreadable', detail: unescaped(detail.join(' ')) };
};

/**
 * Reads one child's output, line by line; belongs to that child, whose string numbers it knows.
 *
 * @returns a function from a line to the finished answer, or null while the block goes on
 */
export const answerReader = (): ((line: string) => Answer | null) => {
  const strings: (string | null)[] = [null];
  // Many addresses share a line of source: equal answers become one object.
  const framesByText = new Map<string, readonly SymbolFrame[]>();
  let frames: (readonly SymbolFrame[])[] = [];
  let status: ModuleStatus | null = null;

  const parseFrames = (line: string): readonly SymbolFrame[] => {
    const known = framesByText.get(line);
    if (known) return known;
    const numbers = line.split(' ').slice(1).map(Number);
    const parsed: SymbolFrame[] = [];
    for (let i = 0; i < numbers.length; i += 3)
      parsed.push({
        function: strings[numbers[i] ?? 0] ?? null,
        file: strings[numbers[i + 1] ?? 0] ?? null,
        line: numbers[i + 2] || null,
        inlined: i + 3 < numbers.length,
      });
    framesByText.set(line, parsed);
    return parsed;
  };

  return (line) => {
    switch (line[0]) {
      case 'S':
        strings.push(unescaped(line.slice(2)));
        return null;
      case 'M':
        status = parseStatus(line);
        return null;
      case 'F':
        frames.push(parseFrames(line));
        return null;
      case 'E': {
        const answer = { frames, status };
        frames = [];
        status = null;
        return answer;
      }
      default:
        return null;
    }
  };
};
