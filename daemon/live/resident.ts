/** Resident memory of processes, as the kernel accounts it: /proc/PID/status. */
import { readFileSync } from 'node:fs';

export interface Resident {
  readonly bytes: number;
  readonly peakBytes: number;
}

/** Null when the process is gone or has no memory any more (a zombie). */
export const residentOf = (pid: number | 'self'): Resident | null => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const bytes = kib(status, 'VmRSS');
    return bytes === null ? null : { bytes, peakBytes: kib(status, 'VmHWM') ?? bytes };
  } catch {
    return null;
  }
};

const kib = (status: string, field: string): number | null => {
  const value = new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1];
  return value === undefined ? null : Number(value) * 1024;
};
