/** The sessions of this user: all of them, or the one that a user means by its id or a pid. */
import { MemtraceError } from '../../views/error.js';
import { named } from '../../views/text.js';
import { sessionFolders } from './cleanup.js';
import { isAlive, uses } from './processes.js';
import { readRecord, type SessionRecord } from './record.js';

/** Ending: the program is gone, its daemon writes the report or serves those who still look. */
export type SessionState = 'starting' | 'running' | 'ending' | 'abandoned';

export interface FoundSession extends SessionRecord {
  readonly folder: string;
  readonly state: SessionState;
}

/** Oldest first. */
export const listSessions = (): readonly FoundSession[] =>
  sessionFolders()
    .flatMap((folder) => {
      const record = readRecord(folder);
      // The copy in the shared-memory folder is not another session.
      return record?.socket.startsWith(`${folder}/`) ? [{ ...record, folder, state: stateOf(record) }] : [];
    })
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt));

/**
 * @param wanted an id, the pid of any process of the session; undefined for the only one there is
 * @throws MemtraceError when there is none, or more than one to choose from
 */
export const findSession = (wanted: string | undefined): FoundSession => {
  const alive = listSessions().filter(({ state }) => state !== 'abandoned');
  const matches = wanted === undefined ? alive : alive.filter((session) => isMeant(session, wanted));
  const [only, ...others] = matches;
  if (only && others.length === 0) return only;
  if (only) throw ambiguous(matches);
  throw notFound(wanted, alive);
};

/** A pid names a process of the session; an id, or nothing, its main one: null. */
export const pidMeant = (
  word: string | undefined,
  { id, daemonPid, programPid }: FoundSession,
): number | null =>
  word === undefined || word === id || Number(word) === daemonPid || Number(word) === programPid
    ? null
    : Number(word);

const isMeant = (session: FoundSession, wanted: string): boolean => {
  if (session.id === wanted) return true;
  if (!/^\d+$/.test(wanted)) return false;
  const pid = Number(wanted);
  return session.programPid === pid || session.daemonPid === pid || uses(pid, session.shmDirectory);
};

const stateOf = ({ daemonPid, daemonStart, programPid, programStart }: SessionRecord): SessionState => {
  if (!isAlive(daemonPid, daemonStart)) return 'abandoned';
  if (programPid === null || programStart === null) return 'starting';
  return isAlive(programPid, programStart) ? 'running' : 'ending';
};

const names = (sessions: readonly FoundSession[]): string =>
  sessions.map(({ id, programPid, command }) => `${id} (pid ${programPid ?? '?'}, ${command[0]})`).join(', ');

const ambiguous = (sessions: readonly FoundSession[]): MemtraceError =>
  new MemtraceError({
    message: 'there is more than one session',
    why: `They are ${names(sessions)}.`,
    remedy: `Name one behind the command, for example ${sessions[0]?.id}`,
    exitCode: 2,
  });

const notFound = (wanted: string | undefined, alive: readonly FoundSession[]): MemtraceError =>
  new MemtraceError({
    message: wanted === undefined ? 'there is no session' : `there is no session ${named(wanted)}`,
    why: alive.length > 0 ? `Running are ${names(alive)}.` : 'No program of yours runs under memtrace.',
    remedy: alive.length > 0 ? 'Give one of these ids or pids.' : 'Start one: memtrace run -- program',
    exitCode: 1,
  });
