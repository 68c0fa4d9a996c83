/**
 * Pasted text, which the terminal puts between two marks (bracketed paste): no letter in it is a command. Pure but for
 * the text that has come so far.
 */

/** To the terminal: from now on, no longer. */
export const MARK_PASTES = '\u001b[?2004h';
export const MARK_NO_PASTES = '\u001b[?2004l';

const BEGIN = '\u001b[200~';
const END = '\u001b[201~';

export const isPasteMark = (sequence: string): boolean => sequence === BEGIN || sequence === END;

/** Null for a key; else what has been pasted, empty until all of it is there. */
export type PasteReader = (sequence: string) => string | null;

export const createPasteReader = (): PasteReader => {
  let pasted: string | null = null;
  return (sequence) => {
    if (sequence === BEGIN) pasted = '';
    else if (pasted === null) return null;
    else if (sequence === END) {
      const whole = onOneLine(pasted);
      pasted = null;
      return whole;
    } else pasted += sequence;
    return '';
  };
};

/** What is typed at the foot is one line. */
const onOneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
