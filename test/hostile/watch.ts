/** Looks at a session from outside, again and again: what its daemon and its shared memory take. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Sample {
  /** Of the daemon: resident, without what is in files and the kernel can drop. */
  readonly daemonBytes: number;
  readonly descriptors: number;
  /** Of all files of the session in shared memory, as far as they are backed. */
  readonly sharedBytes: number;
  /** Process images that run or have not been read to their end. */
  readonly segments: number;
}

export interface Watch {
  readonly now: () => Sample;
  /** @returns all samples, of which each may lie anywhere in the session */
  readonly stop: () => readonly Sample[];
}

/** @param runtime the XDG_RUNTIME_DIR of the only session in it */
export const watch = (runtime: string, everyMs: number): Watch => {
  const samples: Sample[] = [];
  const now = (): Sample => {
    const [id = ''] = readdirSync(join(runtime, 'memtrace'));
    const session = JSON.parse(readFileSync(join(runtime, 'memtrace', id, 'session.json'), 'utf8'));
    const files = readdirSync(session.shmDirectory);
    const [, resident, ofFiles] = readFileSync(`/proc/${session.daemonPid}/statm`, 'utf8')
      .split(' ')
      .map(Number);
    const sample = {
      daemonBytes: (resident - ofFiles) * 4096,
      descriptors: readdirSync(`/proc/${session.daemonPid}/fd`).length,
      sharedBytes: files.reduce((sum, name) => sum + backed(join(session.shmDirectory, name)), 0),
      segments: files.filter((name) => name.startsWith('segment.')).length,
    };
    samples.push(sample);
    return sample;
  };
  const timer = setInterval(() => {
    try {
      now();
    } catch {
      // it has not begun, or is over
    }
  }, everyMs);
  return {
    now,
    stop: () => {
      clearInterval(timer);
      return samples;
    },
  };
};

const backed = (file: string): number => (statSync(file, { throwIfNoEntry: false })?.blocks ?? 0) * 512;

/** For a test's log. */
export const inMiB = (samples: readonly Sample[], field: 'daemonBytes' | 'sharedBytes'): string =>
  samples.map((sample) => Math.round(sample[field] / (1 << 20))).join(' ');

export const most = (samples: readonly Sample[], field: keyof Sample): number =>
  Math.max(...samples.map((sample) => sample[field]));
