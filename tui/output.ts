/** What the program has written, as lines of text: its own escape sequences must not reach our screen. Pure. */

export interface Output {
  /** The last one may not be whole yet. */
  readonly lines: readonly string[];
  /** Lines that came before and are not kept. */
  readonly dropped: number;
}

export const NO_OUTPUT: Output = { lines: [''], dropped: 0 };

const MOST_LINES = 10_000;
const LONGEST_LINE = 2000;

export const withText = ({ lines, dropped }: Output, text: string): Output => {
  const [first = '', ...rest] = text.split('\n');
  const last = lines.at(-1) ?? '';
  const all = [...lines.slice(0, -1), last + first, ...rest];
  const kept = all.slice(-MOST_LINES);
  const changedFrom = Math.max(0, kept.length - 1 - rest.length);
  return {
    lines: kept.map((line, at) => (at < changedFrom ? line : plain(line))),
    dropped: dropped + all.length - kept.length,
  };
};

/** Colours and cursor movements are left out; of what was overwritten after a \\r the newest stays. */
const plain = (line: string): string => {
  const bare = line.replace(SEQUENCES, '').replace(/\r+$/, '');
  return bare.slice(bare.lastIndexOf('\r') + 1).slice(0, LONGEST_LINE);
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to take out
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_=>])/g;
