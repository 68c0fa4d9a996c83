/**
 * What /proc says about other processes: whether the one that was meant is still there, and who still needs a
 * session's folder. Processes of other users are passed over: their files cannot be read.
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

/** Field 22 of /proc/PID/stat, in clock ticks since boot: tells a process from a later one of the same pid. */
export type StartTicks = string;

/** @returns null when there is no such process, or only its corpse */
export const startTicks = (pid: number): StartTicks | null => {
  const stat = statOf(pid);
  if (stat === null) return null;
  // The name in parentheses may hold anything, also spaces and parentheses.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? null : (fields[FIELD_START_TIME] ?? null);
};

/** Counted from the field behind the state, the third. */
const FIELD_START_TIME = 22 - 4;

export const isAlive = (pid: number, since: StartTicks): boolean => startTicks(pid) === since;

/**
 * Whether process `pid` was started with the name of a file below `folder` as its preload, or has one mapped: a
 * program may write over its environment, to show a title instead of its name.
 */
export const uses = (pid: number, folder: string): boolean => {
  const environment = readOrNull(`/proc/${pid}/environ`);
  if (!environment) return false; // a thread of the kernel, or nothing was ever preloaded
  return (
    environment.split('\0').some((each) => each.startsWith('LD_PRELOAD=') && each.includes(`${folder}/`)) ||
    (readOrNull(`/proc/${pid}/maps`)?.includes(` ${folder}/`) ?? false)
  );
};

/**
 * Whether any process but this one does; where that cannot be told (no descriptors left), it is believed.
 *
 * @param since when the session's daemon started: what is older cannot have been started in the session
 */
export const isUsed = (folder: string, since: StartTicks): boolean => {
  try {
    return pids().some((pid) => pid !== process.pid && !isOlder(pid, since) && uses(pid, folder));
  } catch {
    return true;
  }
};

const isOlder = (pid: number, since: StartTicks): boolean => Number(startTicks(pid) ?? since) < Number(since);

const pids = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** Of every process at each session's end: readFileSync takes three times as long. */
const statOf = (pid: number): string | null => {
  let file: number | null = null;
  try {
    file = openSync(`/proc/${pid}/stat`, 'r');
    return STAT.toString('latin1', 0, readSync(file, STAT, 0, STAT.length, 0));
  } catch {
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
};

/** Longer than any: 52 numbers and a name of 16 bytes. */
const STAT = Buffer.alloc(2048);

const readOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null; // gone meanwhile, or another user's
  }
};
