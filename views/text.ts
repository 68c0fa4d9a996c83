/**
 * Text as a terminal shows it: how wide it is, what it may contain, how it is cut.
 *
 * Names, paths and source lines come from traced programs; an escape sequence in one must not reach a terminal.
 */

/** Replaces tabs by a blank and every other control character by its code. */
export const clean = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to take out
  text.replace(/\t/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (control) => {
    const code = control.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });

/** A name in a message: an empty one would not be seen. */
export const named = (name: string): string => (name === '' ? '""' : name);

/** The number of terminal columns that clean text takes. */
export const width = (text: string): number => {
  if (!MAY_NOT_BE_NARROW.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += characterWidth(character);
  return columns;
};

/** The columns of the widest. For any number of texts: a call takes some hundred thousand arguments at most. */
export const widest = (texts: readonly string[]): number =>
  texts.reduce((most, text) => Math.max(most, width(text)), 0);

/** Cuts the end off: for functions and source lines. */
export const cutEnd = (text: string, columns: number, ellipsis: string): string => {
  if (width(text) <= columns) return text;
  const room = columns - width(ellipsis);
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > room) break;
    kept += character;
  }
  return room < 0 ? ellipsis.slice(0, Math.max(0, columns)) : kept + ellipsis;
};

/** Cuts the start off: for paths, whose end says most. */
export const cutStart = (text: string, columns: number, ellipsis: string): string => {
  if (width(text) <= columns) return text;
  const room = columns - width(ellipsis);
  let kept = '';
  let used = 0;
  for (const character of [...text].reverse()) {
    used += characterWidth(character);
    if (used > room) break;
    kept = character + kept;
  }
  return room < 0 ? ellipsis.slice(0, Math.max(0, columns)) : ellipsis + kept;
};

/** Breaks clean text at blanks into lines that fit, as far as its words do. */
export const wrap = (text: string, columns: number, indent = '  '): readonly string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(/ *[^ ]+/g) ?? []) {
    if (line !== '' && width(line) + width(word) > columns) {
      lines.push(line);
      line = indent + word.trimStart();
    } else line += word;
  }
  return [...lines, line];
};

export const padEnd = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - width(text)));
export const padStart = (text: string, columns: number): string =>
  ' '.repeat(Math.max(0, columns - width(text))) + text;

const MAY_NOT_BE_NARROW = /[\u0300-\uffff]/;

const characterWidth = (character: string): 0 | 1 | 2 =>
  NO_WIDTH.test(character) ? 0 : WIDE.test(character) ? 2 : 1;

/** As the C library's wcwidth has it: spacing marks (of Devanagari, say) have a place of their own. */
const NO_WIDTH = /[\p{Mn}\p{Me}\u1160-\u11ff\u200b-\u200f\u2060-\u2064\ufeff]/u;
/** East Asian wide and full-width blocks, and pictographs. */
export const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3040-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{17000}-\u{18d08}\u{1b000}-\u{1b2fb}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|(?!\p{Regional_Indicator})\p{Emoji_Presentation}/u;

/** Without what joins or colours pictographs: whether such become one, terminals do not agree about. */
export const unjoined = (text: string): string => text.replace(/[\u200d\ufe0f]|\p{Emoji_Modifier}/gu, '');
