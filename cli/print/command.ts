/** A command line as a user would type it, short enough for a heading. */
import type { PathStyle } from '../../views/names.js';
import { clean } from '../../views/text.js';

const LONGEST = 160;

export const commandText = (command: readonly string[], path: PathStyle = (each) => each): string => {
  const [program = '(unknown)', ...args] = command;
  const text = [path(program), ...args].map(quoted).join(' ');
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
};

/** A path to be typed: short where it may stand unquoted (a quoted `~` means itself), else whole. */
export const pathWord = (path: string, shorten: PathStyle): string => {
  const short = shorten(path);
  return quoted(short) === short ? short : quoted(path);
};

const quoted = (word: string): string =>
  /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${clean(word).replaceAll("'", String.raw`'\''`)}'`;
