/** `memtrace top`: looks into a running session: a live table on a terminal, or once as plain text. */
import { findSession } from '../../daemon/session/find.js';
import type { GroupBy, Metric } from '../../proto/snapshot.js';
import type { Look } from '../../tui/screen/screen.js';
import { MemtraceError, usageError } from '../../views/error.js';
import { type Io, writeLines } from '../print/io.js';
import { type Surface, surfaceOf } from '../print/surface.js';
import type { Command, Given } from '../table.js';
import { METRICS, rowLimit } from './options.js';

/** Stacks are whole screens each: the report shows them. */
const GROUPINGS: readonly Exclude<GroupBy, 'stack'>[] = ['line', 'function', 'file', 'module'];

const run = async ({ options, words }: Given, io: Io): Promise<number> => {
  if (words.length > 1)
    throw usageError('one session at a time', `${words.length} were named.`, 'memtrace top PID');
  const once = options.once === true;
  if (!once) needTerminal(io);
  const { socket, id } = findSession(words[0]);
  const surface = surfaceOf(io);
  const look = lookOf(surface);
  if (!once) {
    await showSession({ socketPath: socket, title: `memtrace ${id}`, look, io });
    return 0;
  }
  const { onceLines, VIEW_OF } = await import('../../tui/once.js');
  const { ROW_LIMIT } = await import('../../proto/messages.js');
  const lines = await onceLines({
    socketPath: socket,
    view: VIEW_OF[options.by as (typeof GROUPINGS)[number]], // the table allows no other
    sort: options.sort as Metric,
    limit: Math.min(ROW_LIMIT, rowLimit(Number(options.limit))),
    look,
    width: surface.width,
  });
  writeLines(io.stdout, lines);
  return 0;
};

export interface Showing {
  readonly socketPath: string;
  readonly title: string;
  readonly look: Look;
  readonly io: Pick<Io, 'env'>;
}

/** Until the user leaves. */
export const showSession = async ({ socketPath, title, look, io }: Showing): Promise<void> => {
  const [{ runApp }, { openTerminal }, { COLOURS, NO_COLOURS }] = await Promise.all([
    import('../../tui/app.js'),
    import('../../tui/terminal/blessed.js'),
    import('../../tui/terminal/sgr.js'),
  ]);
  const palette = io.env.NO_COLOR ? NO_COLOURS : COLOURS;
  await runApp({ socketPath, look, openPainter: openTerminal({ palette, title }) });
};

export const lookOf = (surface: Surface): Look => ({
  path: surface.path,
  glyphs: surface.ellipsis === '…' ? 'unicode' : 'ascii',
});

/** @throws MemtraceError where there is no screen to draw on, or no keys to read */
export const needTerminal = ({ isTTY, env }: Pick<Io, 'isTTY' | 'env'>): void => {
  const why = !isTTY
    ? 'Standard output is not a terminal.'
    : process.stdin.isTTY !== true
      ? 'Standard input is not a terminal: there would be no keys.'
      : env.TERM === 'dumb' || !env.TERM
        ? `The terminal cannot place its cursor (TERM=${env.TERM ?? ''}).`
        : null;
  if (why === null) return;
  throw new MemtraceError({
    message: 'cannot show a live table here',
    why,
    remedy: 'Print one instead: memtrace top --once',
    exitCode: 2,
  });
};

export const command: Command = {
  options: {
    once: { type: 'boolean', default: false, describe: 'print the table once, as plain text, and end' },
    by: { choices: GROUPINGS, default: 'line', describe: 'with --once: what a row stands for' },
    sort: { choices: METRICS, default: 'live', describe: 'with --once: largest first by this' },
    limit: { type: 'number', default: 20, describe: 'with --once: rows at most; 0 for all' },
  },
  run,
};
