/** `memtrace top`: looks into a running session: a live table on a terminal, or once as plain text. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type FoundSession, findSession, listSessions, pidMeant } from '../../daemon/session/find.js';
import type { GroupBy, Metric } from '../../proto/snapshot.js';
import type { AppOptions } from '../../tui/app.js';
import type { Look } from '../../tui/screen/screen.js';
import type { TableView } from '../../tui/state.js';
import { MemtraceError, usageError } from '../../views/error.js';
import type { Command, Given } from '../command.js';
import { type Io, writeLines } from '../print/io.js';
import { type Surface, surfaceOf } from '../print/surface.js';
import { needScreenAndKeys } from '../terminal.js';
import { dumpName } from './dumpName.js';
import { METRICS, mouseOption, rowLimit } from './options.js';

/** Stacks are whole screens each: the report shows them. */
const VIEW_OF: Readonly<Record<Exclude<GroupBy, 'stack'>, TableView>> = {
  line: 'lines',
  function: 'functions',
  file: 'files',
  module: 'modules',
};

const run = async (given: Given, io: Io): Promise<number> => {
  const { options, words, named } = given;
  if (words.length > 1)
    throw usageError('one session at a time', `${words.length} were named.`, 'memtrace top PID');
  const asked: Asked = {
    view: VIEW_OF[options.by as keyof typeof VIEW_OF], // the table allows no other, here and below
    sort: options.sort as Metric,
    limit: rowLimit(Number(options.limit)),
  };
  if (options.once === true) return printOnce(words[0], asked, io);
  needScreenAndKeys(io, 'Print one instead: memtrace top --once');
  const { MEMTRACE_VIEWER: output = null } = io.env;
  const showing = {
    output,
    mouse: options.mouse === false || io.env.MEMTRACE_NO_MOUSE ? 'no mouse' : 'mouse',
    first: { view: asked.view, sort: asked.sort, notice: named.has('limit') ? NO_LIMIT : null },
  } as const;
  if (output === null) {
    const session = findSession(words[0]);
    await showSession(session, { ...showing, pid: pidMeant(words[0], session) }, io);
  } else await showRun(words[0] ?? '', { ...showing, pid: null }, io);
  return 0;
};

/** What the options say of the table. */
interface Asked {
  readonly view: TableView;
  readonly sort: Metric;
  /** Infinite for all rows. */
  readonly limit: number;
}

/** Rows come as one scrolls: a limit would only hide some. */
const NO_LIMIT = '--limit is for --once: here every row is a few keys away.';

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
  readonly first: NonNullable<AppOptions['first']>;
  /** Of the process to look at first; null for the session's program. */
  readonly pid: number | null;
}

const showSession = async (session: FoundSession, showing: Showing, io: Io): Promise<void> => {
  const [{ runApp }, { processOf }, { openTerminal }, { paletteOf }] = await Promise.all([
    import('../../tui/app.js'),
    import('../../tui/processOf.js'),
    import('../../tui/terminal/blessed.js'),
    import('../../tui/terminal/palette.js'),
  ]);
  const { output, mouse, first, pid } = showing;
  const process = await processOf(session.socket, pid);
  const openPainter = openTerminal({ palette: paletteOf(io.env), title: `memtrace ${session.id}`, mouse });
  const surface = surfaceOf(io);
  await runApp({
    socketPath: session.socket,
    first: { ...first, process },
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

const printOnce = async (word: string | undefined, asked: Asked, io: Io): Promise<number> => {
  const session = findSession(word);
  const surface = surfaceOf(io);
  const { onceLines } = await import('../../tui/once.js');
  const { ROW_LIMIT } = await import('../../proto/messages.js');
  const lines = await onceLines({
    socketPath: session.socket,
    pid: pidMeant(word, session),
    ...asked,
    limit: Math.min(ROW_LIMIT, asked.limit),
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
    by: { choices: Object.keys(VIEW_OF), default: 'line', describe: 'what a row stands for, at first' },
    sort: { choices: METRICS, default: 'live', describe: 'largest first by this, at first' },
    limit: { type: 'number', default: 20, describe: 'with --once: rows at most; 0 for all' },
  },
  run,
};
