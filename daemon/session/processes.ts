/**
 * What /proc says about other processes: whether the one that was meant is still there, and who still needs a
 * session's folder. Processes of other users are passed over: their files cannot be read.
 */
import { readFileSync } from 'node:fs';

/** Field 22 of /proc/PID/stat, in clock ticks since boot: tells a process from a later one of the same pid. */
export type StartTicks = string;

/** @returns null when there is no such process, or only its corpse */
export const startTicks = (pid: number): StartTicks | null => {
  const stat = readOrNull(`/proc/${pid}/stat`);
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

/** As UTF-8, which Node.js reads twice as fast as anything else. */
const readOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // gone meanwhile, or another user's
  }
};
