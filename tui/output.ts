/** What the program has written, as lines of text: its own escape sequences must not reach our screen. Pure. */

export interface Output {
  /** The last one may not be whole yet. */
  readonly lines: readonly string[];
  /** Lines that came before and are not kept. */
  readonly dropped: number;
  /** After a \r: what comes next is written over the last line. */
  readonly isReturned: boolean;
}

export const NO_OUTPUT: Output = { lines: [''], dropped: 0, isReturned: false };

const MOST_LINES = 10_000;
const LONGEST_LINE = 2000;

export const withText = ({ lines, dropped, isReturned }: Output, text: string): Output => {
  const [first = '', ...rest] = text.split('\n');
  const last = `${lines.at(-1) ?? ''}${isReturned ? '\r' : ''}`;
  const all = [...lines.slice(0, -1), last + first, ...rest];
  const kept = all.slice(-MOST_LINES);
  const changedFrom = Math.max(0, kept.length - 1 - rest.length);
  return {
    lines: kept.map((line, at) => (at < changedFrom ? line : plain(line))),
    dropped: dropped + all.length - kept.length,
    isReturned: bare(kept.at(-1) ?? '').endsWith('\r'),
  };
};

/** Colours and cursor movements are left out; of what was overwritten after a \r the newest stays. */
const plain = (line: string): string => {
  const ended = bare(line).replace(/\r+$/, '');
  return ended.slice(ended.lastIndexOf('\r') + 1).slice(0, LONGEST_LINE);
};

const bare = (line: string): string => line.replace(SEQUENCES, '');

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to take out
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_=>])/g;
