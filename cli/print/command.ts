/** A command line as a user would type it, short enough for a heading. */
import type { PathStyle } from '../../views/names.js';
import { clean } from './text.js';

const LONGEST = 160;

export const commandText = (command: readonly string[], path: PathStyle = (each) => each): string => {
  const [program = '(unknown)', ...args] = command;
  const text = [path(program), ...args].map(quoted).join(' ');
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
};

const quoted = (word: string): string =>
  /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${clean(word).replaceAll("'", String.raw`'\''`)}'`;
