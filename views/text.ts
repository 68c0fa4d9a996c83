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

const characterWidth = (character: string): number => {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (/\p{Mark}|\u200b|\u200d|\ufe0f/u.test(character)) return 0;
  return WIDE.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
};

/** East Asian wide and full-width blocks, and pictographs. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
];
