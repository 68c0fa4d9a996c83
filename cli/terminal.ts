/** Whether there is a terminal that the UI can use, said before anything is started for it. */
import { MemtraceError } from '../views/error.js';
import type { Io } from './print/io.js';

/** @throws MemtraceError where there is no screen to draw on */
export const needScreen = ({ isTTY, env }: Pick<Io, 'isTTY' | 'env'>, remedy: string): void => {
  if (!isTTY) throw cannotShow('What it would be drawn on is not a terminal.', remedy);
  if (!env.TERM || env.TERM === 'dumb')
    throw cannotShow(`The terminal cannot place its cursor (TERM=${env.TERM ?? ''}).`, remedy);
};

/** @throws MemtraceError where there are no keys to read either */
export const needScreenAndKeys = (io: Pick<Io, 'isTTY' | 'env'>, remedy: string): void => {
  needScreen(io, remedy);
  if (process.stdin.isTTY !== true)
    throw cannotShow('Standard input is not a terminal: there would be no keys.', remedy);
};

const cannotShow = (why: string, remedy: string): MemtraceError =>
  new MemtraceError({ message: 'cannot show a live table here', why, remedy, exitCode: 2 });
