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
    const bytes = bytesOf(status, NOW);
    return bytes === null ? null : { bytes, peakBytes: bytesOf(status, MOST) ?? bytes };
  } catch {
    return null;
  }
};

const NOW = /^VmRSS:\s*(\d+) kB/m;
const MOST = /^VmHWM:\s*(\d+) kB/m;

const bytesOf = (status: string, field: RegExp): number | null => {
  const kib = field.exec(status)?.[1];
  return kib === undefined ? null : Number(kib) * 1024;
};
