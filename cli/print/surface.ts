/**
 * What is printed on: how wide, in colour or not, and how paths are shown there. Not a terminal: plain text,
 * nothing cut.
 */
import type { PathStyle } from '../../views/names.js';
import { clean, wrap } from '../../views/text.js';
import type { Io } from './io.js';

export interface Surface {
  /** In columns; infinite where nothing is cut. */
  readonly width: number;
  readonly ellipsis: string;
  readonly paint: Paint;
  readonly path: PathStyle;
}

export type Paint = Readonly<
  Record<'strong' | 'faint' | 'more' | 'less' | 'alarm', (text: string) => string>
>;

export type ColourChoice = 'auto' | 'always' | 'never';

export const surfaceOf = (io: Omit<Io, 'stdout' | 'stderr'>, colour: ColourChoice = 'auto'): Surface => ({
  width: io.isTTY ? Math.max(MIN_WIDTH, io.columns) : Number.POSITIVE_INFINITY,
  ellipsis: isAscii(io.env) ? '...' : '…',
  paint: inColour(io, colour) ? COLOURED : PLAIN,
  path: shortPath(io.cwd, io.env.HOME ?? homeByName()),
});

export const headingLines = (text: string, surface: Surface): readonly string[] =>
  wrap(clean(text), surface.width).map(surface.paint.strong);

/** Where the environment does not say; node:os is loaded then alone. */
const homeByName = (): string => process.getBuiltinModule('node:os').homedir();

/** Below this, lines are cut by the terminal instead of by us. */
const MIN_WIDTH = 40;

const inColour = ({ isTTY, env }: Pick<Io, 'isTTY' | 'env'>, choice: ColourChoice): boolean => {
  if (choice !== 'auto') return choice === 'always';
  if (env.NO_COLOR) return false;
  const forced = env.FORCE_COLOR ?? env.CLICOLOR_FORCE;
  if (forced) return forced !== '0';
  return isTTY && env.TERM !== 'dumb';
};

const isAscii = (env: Io['env']): boolean => {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return env.TERM === 'linux' || !/utf-?8/i.test(locale);
};

/** Below `cwd`: relative to it; one or two folders up: `../`; below `home`: `~/`; else whole. */
export const shortPath =
  (cwd: string, home: string): PathStyle =>
  (path) => {
    const below = (folder: string): string | null =>
      folder.length > 1 && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : null;
    const parent = (folder: string): string => folder.slice(0, folder.lastIndexOf('/'));
    const choices = [
      [below(cwd), ''],
      // The top folders (/usr, /home) hold too much for "../" to say anything.
      [depth(parent(cwd)) > 1 ? below(parent(cwd)) : null, '../'],
      [depth(parent(parent(cwd))) > 1 ? below(parent(parent(cwd))) : null, '../../'],
      [below(home), '~/'],
    ] as const;
    const found = choices.find(([rest]) => rest !== null);
    return clean(found ? `${found[1]}${found[0]}` : path);
  };

const depth = (folder: string): number => folder.split('/').length - 1;

const PLAIN: Paint = {
  strong: (text) => text,
  faint: (text) => text,
  more: (text) => text,
  less: (text) => text,
  alarm: (text) => text,
};

const sgr =
  (on: number, off: number) =>
  (text: string): string =>
    text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`;

const COLOURED: Paint = {
  strong: sgr(1, 22),
  faint: sgr(2, 22),
  more: sgr(31, 39),
  less: sgr(32, 39),
  alarm: sgr(33, 39),
};
