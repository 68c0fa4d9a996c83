/** Marks what was searched for in a line. Pure. */
import type { Line, Span } from './cells.js';

export const highlighted = (line: Line, wanted: string): Line => {
  if (wanted === '') return line;
  const small = wanted.toLowerCase();
  return line.flatMap((span): readonly Span[] => {
    const parts: Span[] = [];
    const text = span.text.toLowerCase();
    // Letters whose small form has another length would shift everything.
    if (text.length !== span.text.length) return [span];
    let from = 0;
    for (let at = text.indexOf(small); at >= 0; at = text.indexOf(small, from)) {
      parts.push({ ...span, text: span.text.slice(from, at) });
      parts.push({ text: span.text.slice(at, at + small.length), style: 'found' });
      from = at + small.length;
    }
    return [...parts, { ...span, text: span.text.slice(from) }].filter((part) => part.text !== '');
  });
};
