/** `memtrace top`: looks into a running session: a live table on a terminal, or once as plain text. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type FoundSession, findSession, listSessions, pidMeant } from '../../daemon/session/find.js';
import type { GroupBy, Metric } from '../../proto/snapshot.js';
import type { Look } from '../../tui/screen/screen.js';
import { MemtraceError, usageError } from '../../views/error.js';
import { type Io, writeLines } from '../print/io.js';
import { type Surface, surfaceOf } from '../print/surface.js';
import type { Command, Given } from '../table.js';
import { needScreenAndKeys } from '../terminal.js';
import { dumpName } from './dumpName.js';
import { METRICS, mouseOption, rowLimit } from './options.js';

/** Stacks are whole screens each: the report shows them. */
const GROUPINGS: readonly Exclude<GroupBy, 'stack'>[] = ['line', 'function', 'file', 'module'];

const run = async (given: Given, io: Io): Promise<number> => {
  const { options, words } = given;
  if (words.length > 1)
    throw usageError('one session at a time', `${words.length} were named.`, 'memtrace top PID');
  if (options.once === true) return printOnce(given, io);
  needScreenAndKeys(io, 'Print one instead: memtrace top --once');
  const { MEMTRACE_VIEWER: output = null } = io.env;
  const mouse = options.mouse === false || io.env.MEMTRACE_NO_MOUSE ? 'no mouse' : 'mouse';
  if (output === null) {
    const session = findSession(words[0]);
    await showSession(session, { output: null, mouse, pid: pidMeant(words[0], session) }, io);
  } else await showRun(words[0] ?? '', { output, mouse, pid: null }, io);
  return 0;
};

/** For `run --tui`: a program that is over before it could be shown has nothing wrong with it. */
const showRun = async (id: string, showing: Showing, io: Io): Promise<void> => {
  const session = await untilServed(id);
  if (!session) return;
  try {
    await showSession(session, showing, io);
  } catch (error) {
    if (!(error instanceof MemtraceError)) throw error;
  }
};

interface Showing {
  /** The file with what the program writes; null where that goes elsewhere. */
  readonly output: string | null;
  readonly mouse: 'mouse' | 'no mouse';
  /** Of the process to look at first; null for the session's program. */
  readonly pid: number | null;
}

const showSession = async (session: FoundSession, { output, mouse, pid }: Showing, io: Io): Promise<void> => {
  const [{ runApp }, { processOf }, { openTerminal }, { paletteOf }] = await Promise.all([
    import('../../tui/app.js'),
    import('../../tui/processOf.js'),
    import('../../tui/terminal/blessed.js'),
    import('../../tui/terminal/palette.js'),
  ]);
  const process = await processOf(session.socket, pid);
  const openPainter = openTerminal({ palette: paletteOf(io.env), title: `memtrace ${session.id}`, mouse });
  const surface = surfaceOf(io);
  await runApp({
    socketPath: session.socket,
    process,
    outputPath: output,
    look: lookOf(surface),
    openPainter,
    keepSnapshot: (snapshot) => keepSnapshot(snapshot, surface),
    editor: (io.env.VISUAL || io.env.EDITOR || 'vi').trim().split(/\s+/),
  });
};

/** Under the name that `dump` gives, in the current folder. */
const keepSnapshot = async (given: unknown, surface: Surface): Promise<string> => {
  const [{ checkSnapshot }, { recordingOf }, { writeSnapshot }] = await Promise.all([
    import('../../views/check.js'),
    import('../../views/profile.js'),
    import('../../daemon/snapshot/write.js'),
  ]);
  const checked = checkSnapshot(given);
  if (!checked.ok) throw new Error(`what came is none: ${checked.fault}`);
  const path = dumpName(checked.snapshot);
  await writeSnapshot(path, recordingOf(checked.snapshot), { force: false });
  return `Saved as ${surface.path(path)}`;
};

const LOOK_AGAIN_MS = 30;
const PATIENCE_MS = 5000;

/** The session that has just begun, as soon as it is served; null when it was over before. */
const untilServed = async (id: string): Promise<FoundSession | null> => {
  for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_AGAIN_MS) {
    const session = listSessions().find((each) => each.id === id && each.state !== 'abandoned');
    if (!session) return null;
    if (existsSync(session.socket)) return session;
    await delay(LOOK_AGAIN_MS);
  }
  return null;
};

const printOnce = async ({ options, words }: Given, io: Io): Promise<number> => {
  const session = findSession(words[0]);
  const surface = surfaceOf(io);
  const { onceLines, VIEW_OF } = await import('../../tui/once.js');
  const { ROW_LIMIT } = await import('../../proto/messages.js');
  const lines = await onceLines({
    socketPath: session.socket,
    pid: pidMeant(words[0], session),
    view: VIEW_OF[options.by as (typeof GROUPINGS)[number]], // the table allows no other
    sort: options.sort as Metric,
    limit: Math.min(ROW_LIMIT, rowLimit(Number(options.limit))),
    look: lookOf(surface),
    width: surface.width,
  });
  writeLines(io.stdout, lines);
  return 0;
};

const lookOf = (surface: Surface): Look => ({
  path: surface.path,
  glyphs: surface.ellipsis === '…' ? 'unicode' : 'ascii',
});

export const command: Command = {
  options: {
    mouse: mouseOption,
    once: { type: 'boolean', default: false, describe: 'print the table once, as plain text, and end' },
    by: { choices: GROUPINGS, default: 'line', describe: 'with --once: what a row stands for' },
    sort: { choices: METRICS, default: 'live', describe: 'with --once: largest first by this' },
    limit: { type: 'number', default: 20, describe: 'with --once: rows at most; 0 for all' },
  },
  run,
};
