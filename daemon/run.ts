/**
 * One run, from an empty session to what is to be reported: what the daemon does while the program lives.
 *
 * Prints nothing: the command does. Whatever fails here never harms the program, which the launcher holds.
 */
import type { GroupBy } from '../proto/snapshot.js';
import { MemtraceError } from '../views/error.js';
import type { Recording } from '../views/profile.js';
import { allocatedBytes } from '../views/totals.js';
import { monotonicMs } from './clock.js';
import { createCore, type Selection } from './core.js';
import { type DrivenSession, driveSession } from './live/session.js';
import { isMissed, reasonOf } from './live/untraced.js';
import type { LiveProcess } from './live.js';
import { type Doorman, postDoorman } from './server/doorman.js';
import type { LiveServer } from './server/server.js';
import type { Session } from './session/session.js';
import { type SnapshotOutput, saveSnapshots } from './snapshot/files.js';
import { nameCacheFolder } from './symbols/nameCache.js';
import { openSymbolizer } from './symbols/symbolizer.js';

export interface RunOptions {
  readonly command: readonly string[];
  readonly output: SnapshotOutput;
  readonly onFull: 'wait' | 'drop';
  /** Which programs of the tree are traced. */
  readonly selection: Selection;
  readonly pythonNative: boolean;
  /** How many further processes keep a snapshot of their own: the largest. */
  readonly children: number;
  /** Rows of the report. */
  readonly limit: number;
  readonly by: GroupBy;
  /** A file for the report as JSON. */
  readonly json: { readonly path: string; readonly replace: boolean } | null;
  readonly listen: { readonly host: string; readonly port: number } | null;
  readonly tui: boolean;
  readonly quiet: boolean;
  readonly verbose: number;
  /** Tells the user something while the program runs. */
  readonly announce: (text: string) => void;
}

/** The process that started the program and waits for it. */
export interface Launcher {
  /** Call it once, when the program may run. @returns null when it could not be started: the user was told why */
  readonly start: () => StartedProgram | null;
}

export interface StartedProgram {
  readonly pid: number;
  /** `enum untraced_reason` of a program that runs without the shim; null for a traced one. */
  readonly untraced: number | null;
  /** Resolves after the program's end, while something else is under way: a drain. */
  readonly ended: Promise<ProgramEnd>;
}

export type ProgramEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: number }
  /** The launcher was killed: the program ended some time after. */
  | { readonly kind: 'unknown' };

export interface Outcome {
  readonly pid: number;
  readonly end: ProgramEnd;
  readonly durationMs: number;
  /**
   * Of the program itself, or where that was excluded of the largest that was not; null when nothing was traced, for
   * `untraced`.
   */
  readonly snapshot: Recording | null;
  readonly untraced: string | null;
  readonly savedAs: string | null;
  /** The other process images of the tree, in order of their start, and where their snapshots are. */
  readonly others: readonly (LiveProcess & { readonly savedAs: string | null })[];
  readonly problems: readonly string[];
}

/** The first drain: then the program is looked at, while its files are surely there. */
const FIRST_TICK_MS = 20;
/** How long one drain goes on by itself; each costs this thread a tenth of a millisecond. */
const TICK_MS = 80;
/** While nothing comes. */
const QUIET_TICK_MS = 100;
/** A killed process's memory is torn down by the kernel before its end is seen; this is generous. */
const LAST_EVENTS_MS = 10_000;

/** @returns null when the program could not be started: the user was told why */
export const runSession = async (
  session: Session,
  options: RunOptions,
  launcher: Launcher,
): Promise<Outcome | null> => {
  const core = createCore(session.shmFolder, options);
  const symbolizer = openSymbolizer({ cache: nameCacheFolder(process.env) });
  const live = driveSession(core, symbolizer, {
    id: session.id,
    startedAt: session.startedAt.toISOString(),
    command: options.command,
  });
  const service = serveWhenAsked(live, session, options);
  try {
    const program = launcher.start();
    if (!program) return null;
    const startedMs = monotonicMs();
    session.noteProgram(program.pid);
    live.setMainPid(program.pid);
    const end = await follow(live, program.ended);
    const durationMs = monotonicMs() - startedMs;
    live.setMainEnd(asEnding(end));
    await takeInTheRest(live);
    core.stop();
    await live.catchUp();
    live.finish();
    const outcome = await conclude(live, options, program, end, durationMs);
    return { ...outcome, problems: [...outcome.problems, ...(await service.end())] };
  } finally {
    core.stop();
    await service.end();
    await symbolizer.close();
    core.close();
  }
};

interface LaterService {
  /** @returns what went wrong with it */
  readonly end: () => Promise<readonly string[]>;
}

/** Most sessions have no viewer: the service is loaded when the first one knocks. */
const serveWhenAsked = (live: DrivenSession, session: Session, options: RunOptions): LaterService => {
  const problems: string[] = [];
  const fail = (error: unknown): null => {
    const message = error instanceof Error ? error.message : String(error);
    const more = error instanceof MemtraceError ? `. ${error.why} ${error.remedy}` : '';
    problems.push(`no live view: ${message}${more}`);
    return null;
  };
  const { socketPath } = session;
  const doorman = doormanAt(socketPath, fail);
  if (!doorman) return { end: async () => problems };

  const start = async (): Promise<LiveServer | null> => {
    try {
      const { startServer } = await import('./server/server.js');
      const viewer = options.tui ? 'is awaited' : 'may come';
      const server = await startServer(live, { socketPath, doorman, listen: options.listen, viewer });
      if (server.tcp) options.announce(`viewers: ${server.tcp.url}`); // its token is part of it
      return server;
    } catch (error) {
      return fail(error);
    }
  };
  let server: Promise<LiveServer | null> | null = null;
  const open = () => {
    server ??= start();
  };
  if (options.listen || options.tui) open();
  else void doorman.knocked.then(open);
  const end = async () => {
    await (await server)?.close();
    doorman.close();
    return problems;
  };
  let ended: Promise<readonly string[]> | null = null;
  return {
    end: () => {
      ended ??= end();
      return ended;
    },
  };
};

const doormanAt = (socketPath: string, fail: (error: unknown) => null): Doorman | null => {
  try {
    return postDoorman(socketPath);
  } catch (error) {
    return fail(error);
  }
};

const follow = async (live: DrivenSession, ended: Promise<ProgramEnd>): Promise<ProgramEnd> => {
  let end: ProgramEnd | null = null;
  const hastened = ended.then((known) => {
    end = known;
    return live.catchUp(); // ends a long tick
  });
  hastened.catch(() => {}); // it is heard of below
  const current = (): ProgramEnd | null => end;
  for (let ms = FIRST_TICK_MS; ; ) {
    ms = (await live.tick(ms)) > 0 ? TICK_MS : QUIET_TICK_MS;
    const known = current();
    if (known) return hastened.then(() => known);
  }
};

const takeInTheRest = async (live: DrivenSession): Promise<void> => {
  const until = monotonicMs() + LAST_EVENTS_MS;
  do await live.catchUp();
  while (!live.mainIsDrained() && monotonicMs() < until);
};

const asEnding = (end: ProgramEnd) => ({
  exitCode: end.kind === 'exited' ? end.code : null,
  signal: end.kind === 'signalled' ? signalName(end.signal) : null,
});

/** node:os is loaded for those that were killed alone. */
const signalName = (number: number): string => {
  const { signals } = process.getBuiltinModule('node:os').constants;
  return Object.entries(signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
};

const conclude = async (
  live: DrivenSession,
  options: RunOptions,
  program: StartedProgram,
  end: ProgramEnd,
  durationMs: number,
): Promise<Outcome> => {
  const main = live.mainProcess();
  const subject = subjectOf(live, main);
  const snapshot = subject === null ? null : await live.snapshot(subject);
  const taken = subject === null || snapshot === null ? null : { index: subject, snapshot };
  const { paths, problems } = await saveSnapshots(live, taken, options.output, options.children);
  return {
    pid: program.pid,
    end,
    durationMs,
    snapshot,
    untraced: subject === null ? whyUntraced(live, main, program) : null,
    savedAs: subject === null ? null : (paths.get(subject) ?? null),
    others: live
      .processes()
      .filter(({ index }) => index !== (subject ?? main))
      .map((each) => ({ ...each, savedAs: paths.get(each.index) ?? null })),
    problems: [...becameUntraced(live, main, subject), ...refused(live), ...problems],
  };
};

/** An exec may lead out of reach: what was recorded until then is not what was asked for. */
const becameUntraced = (
  live: DrivenSession,
  main: number | null,
  subject: number | null,
): readonly string[] => {
  const info = main === null || main === subject ? undefined : live.processes()[main]?.info;
  if (subject === null || !info || !isMissed(info.untraced)) return [];
  return [`the program became ${info.command.join(' ')}, which was not traced: ${info.untraced}`];
};

const refused = (live: DrivenSession): readonly string[] => {
  const count = live.refusedCount();
  if (count === 0) return [];
  const processes = count === 1 ? 'process was' : 'processes were';
  return [
    `${count} further ${processes} not traced: too many started at once, or the daemon had no memory or descriptor left`,
  ];
};

/** The process that the report is about: the program, or the largest one where that is not traced. */
const subjectOf = (live: DrivenSession, main: number | null): number | null => {
  const processes = live.processes();
  const info = main === null ? undefined : processes[main]?.info;
  if (info?.untraced === undefined) return main;
  const traced = processes.filter((each) => each.info.untraced === undefined);
  const [largest] = traced.toSorted((a, b) => allocatedBytes(b.totals) - allocatedBytes(a.totals));
  return largest?.index ?? null;
};

const whyUntraced = (live: DrivenSession, main: number | null, program: StartedProgram): string => {
  if (program.untraced !== null) return reasonOf(program.untraced);
  return (
    (main === null ? undefined : live.processes()[main]?.info.untraced) ??
    'it ended before it could be reached, or does not let libraries be preloaded'
  );
};
