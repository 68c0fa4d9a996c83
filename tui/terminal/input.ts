/**
 * Keys that came in one read, taken apart where blessed cannot: it drops what comes beside a report of the mouse, and
 * a sign behind Esc together with the Esc. A slow line brings several keys at once.
 */
import type { ReadStream } from 'node:tty';

/** A report of the mouse (SGR, X10), or an Esc that neither begins a sequence nor goes with a letter or an erasing key. */
const APART = ['\\[<[\\d;]+[Mm]', '\\[M[\\s\\S]{3}', '(?=[^\\w[ \b\u007f\u001b])'].map(
  (after) => `\u001b${after}`,
);
const PIECES = new RegExp(`(${APART.join('|')})`);

/** @returns the same bytes, in the pieces to read them by */
export const separate = (bytes: Buffer): readonly Buffer[] =>
  bytes
    .toString('latin1')
    .split(PIECES)
    .filter((piece) => piece !== '')
    .map((piece) => Buffer.from(piece, 'latin1'));

/** Whoever listens to the terminal hears each piece by itself. */
export const separateInput = (terminal: ReadStream): void => {
  const emit = terminal.emit.bind(terminal);
  terminal.emit = (event: string, ...values: unknown[]): boolean => {
    const [bytes] = values;
    if (event !== 'data' || !Buffer.isBuffer(bytes)) return emit(event, ...values);
    for (const piece of separate(bytes)) emit(event, piece);
    return true;
  };
};
