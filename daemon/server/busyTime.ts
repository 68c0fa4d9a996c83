/**
 * How long this thread has been at work, whatever other threads, processes and programs did meanwhile: processor time,
 * as the kernel counts it.
 */
import { readFileSync } from 'node:fs';

/** In ms. */
export const busyTimeMs = (): number => {
  try {
    // Nanoseconds on a processor, nanoseconds of waiting for one, slices.
    return Number.parseInt(readFileSync('/proc/thread-self/schedstat', 'latin1'), 10) / 1e6;
  } catch {
    // A kernel without these statistics: of all threads.
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
};
