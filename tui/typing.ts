/**
 * A line of text that is being typed, with a caret in it: what the editing keys of shells and pagers do to it, and what
 * was typed before. Pure.
 */

export interface Typing {
  readonly text: string;
  /** Where the next letter goes, in UTF-16 units: always between two letters as a reader sees them. */
  readonly caret: number;
}

export type Stretch = 'character' | 'word' | 'line';

export const atEnd = (text: string): Typing => ({ text, caret: text.length });

export const inserted = ({ text, caret }: Typing, more: string): Typing => ({
  text: text.slice(0, caret) + more + text.slice(caret),
  caret: caret + more.length,
});

/** @param by -1 to the left, 1 to the right */
export const caretMoved = ({ text, caret }: Typing, by: -1 | 1, over: Stretch): Typing => {
  const passed = by < 0 ? lengthBefore(text.slice(0, caret), over) : lengthAfter(text.slice(caret), over);
  return { text, caret: caret + by * passed };
};

/** What the caret would have moved over is gone. */
export const erased = (typing: Typing, by: -1 | 1, what: Stretch): Typing => {
  const { text, caret } = typing;
  const to = caretMoved(typing, by, what).caret;
  const from = Math.min(caret, to);
  return { text: text.slice(0, from) + text.slice(Math.max(caret, to)), caret: from };
};

/** What a reader takes for one letter: with its accents, or several signs of which one picture is made. */
const LETTERS = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Empty at the end. */
export const letterAt = ({ text, caret }: Typing): string =>
  text.slice(caret, caret + lengthAfter(text.slice(caret), 'character'));

const lengthBefore = (text: string, stretch: Stretch): number => {
  if (stretch === 'line') return text.length;
  if (stretch === 'word') return /\S*\s*$/.exec(text)?.[0].length ?? 0;
  return [...LETTERS.segment(text)].at(-1)?.segment.length ?? 0;
};

const lengthAfter = (text: string, stretch: Stretch): number => {
  if (stretch === 'line') return text.length;
  if (stretch === 'word') return /^\s*\S*/.exec(text)?.[0].length ?? 0;
  const [first] = LETTERS.segment(text);
  return first?.segment.length ?? 0;
};

const MOST_KEPT = 100;

/** What was entered, the newest last, each text once. */
export const withEntered = (entered: readonly string[], text: string): readonly string[] =>
  text === '' ? entered : [...entered.filter((each) => each !== text), text].slice(-MOST_KEPT);
