/** Resident memory of processes, as the kernel accounts it: /proc/PID/status. */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

export interface Resident {
  readonly bytes: number;
  readonly peakBytes: number;
}

/** Null when the process is gone or has no memory any more (a zombie). */
export const residentOf = (pid: number | 'self'): Resident | null =>
  residentIn(`/proc/${pid}/status`) ?? residentOfOthers(pid);

/** A main thread that has ended has no memory any more; the other threads have that of the process. */
const residentOfOthers = (pid: number | 'self'): Resident | null => {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    for (const tid of tasks) {
      const found = residentIn(`/proc/${pid}/task/${tid}/status`);
      if (found) return found;
    }
  } catch {
    // it is gone
  }
  return null;
};

const residentIn = (path: string): Resident | null => {
  try {
    const status = statusOf(path);
    const bytes = bytesOf(status, NOW);
    return bytes === null ? null : { bytes, peakBytes: bytesOf(status, MOST) ?? bytes };
  } catch {
    return null;
  }
};

const room = Buffer.alloc(8192);

/** At each look of every process: readFileSync asks for its size first, and reads on until nothing comes. */
const statusOf = (path: string): string => {
  const file = openSync(path, 'r');
  try {
    const length = readSync(file, room, 0, room.length, 0);
    // Whoever is in thousands of groups has a longer one.
    return length < room.length ? room.toString('latin1', 0, length) : readFileSync(path, 'latin1');
  } finally {
    closeSync(file);
  }
};

const NOW = /^VmRSS:\s*(\d+) kB/m;
const MOST = /^VmHWM:\s*(\d+) kB/m;

const bytesOf = (status: string, field: RegExp): number | null => {
  const kib = field.exec(status)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
};
