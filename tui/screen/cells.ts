/** What a screen is made of: lines of styled pieces of text, and how pieces are put together. Knows no terminal. */
import { clean, cutEnd, cutStart, padEnd, padStart, unjoined, width } from '../../views/text.js';

/** What a piece of text means; how that looks is the painter's. Meaning is never in the style alone. */
export type Style =
  | 'plain'
  | 'strong'
  | 'faint'
  | 'alarm'
  | 'good'
  | 'heading'
  | 'selected'
  | 'plot'
  | 'found';

export interface Span {
  readonly text: string;
  readonly style: Style;
}

export type Line = readonly Span[];

export const span = (text: string, style: Style = 'plain'): Span => ({ text: unjoined(clean(text)), style });

export const lineWidth = (line: Line): number => line.reduce((sum, { text }) => sum + width(text), 0);

/** A piece of the line that goes first when there is no room: the larger the number, the earlier. */
export interface Part {
  readonly spans: Line;
  readonly priority: number;
}

/** The parts that fit beside one another, in their order. */
export const fitParts = (parts: readonly Part[], columns: number, gap: string): Line => {
  let kept = [...parts];
  const total = () =>
    kept.reduce((sum, { spans }) => sum + lineWidth(spans), 0) + gap.length * Math.max(0, kept.length - 1);
  while (kept.length > 1 && total() > columns) {
    const least = Math.max(...kept.map(({ priority }) => priority));
    kept = kept.filter((part) => part !== kept.findLast(({ priority }) => priority === least));
  }
  return cutLine(
    kept.flatMap(({ spans }, at) => (at === 0 ? spans : [span(gap), ...spans])),
    columns,
  );
};

/** Left and right, with what is between them; the right one goes first. */
export const spread = (left: Line, right: Line, columns: number): Line => {
  const room = columns - lineWidth(left) - lineWidth(right);
  return room < 1 ? cutLine(left, columns) : [...left, span(' '.repeat(room)), ...right];
};

export const cutLine = (line: Line, columns: number): Line => {
  const cut: Span[] = [];
  let room = columns;
  for (const each of line) {
    if (room <= 0) break;
    const text = cutEnd(each.text, room, '');
    cut.push({ ...each, text });
    room -= width(text);
  }
  return cut;
};

/** What is at its end stays. */
export const cutLineStart = (line: Line, columns: number, ellipsis: string): Line => {
  if (lineWidth(line) <= columns) return line;
  const kept: Span[] = [];
  let room = columns - width(ellipsis);
  for (const each of [...line].reverse()) {
    if (room <= 0) break;
    const text = cutStart(each.text, room, '');
    kept.unshift({ ...each, text });
    room -= width(text);
  }
  return [span(ellipsis), ...kept];
};

/** Exactly so wide. */
export const fillLine = (line: Line, columns: number): Line => {
  const cut = cutLine(line, columns);
  const room = columns - lineWidth(cut);
  return room > 0 ? [...cut, { text: ' '.repeat(room), style: cut.at(-1)?.style ?? 'plain' }] : cut;
};

export const restyled = (line: Line, style: Style): Line => line.map((each) => ({ ...each, style }));

export const aligned = (text: string, columns: number, side: 'left' | 'right'): string =>
  side === 'left' ? padEnd(text, columns) : padStart(text, columns);

export const plainText = (line: Line): string => line.map(({ text }) => text).join('');
