/** What the kernel says of a process and all below it (proc(5)). Knows nothing of memtrace. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Seen {
  readonly pid: number;
  readonly name: string;
  readonly residentKiB: number;
  readonly peakKiB: number;
  /** User and system, of all its threads. */
  readonly cpuMs: number;
}

/** The process and all below it; what ends meanwhile is left out, and so is what has given up its memory. */
export const processTree = (root: number): readonly Seen[] => {
  const children = new Map<number, number[]>();
  for (const pid of readdirSync('/proc').map(Number)) {
    const parent = Number.isInteger(pid) ? parentOf(pid) : null;
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const below = (pid: number): readonly number[] => [pid, ...(children.get(pid) ?? []).flatMap(below)];
  return below(root).flatMap(seenProcess);
};

/** Of the clock that /proc counts in: USER_HZ, which is 100 wherever Linux runs. */
const TICK_MS = 10;
const [STATE, USER_TICKS, SYSTEM_TICKS] = [0, 11, 12];

/** The fields behind the name, which may hold anything but ends with the last bracket. */
const statOf = (pid: number): readonly string[] => {
  const text = textOf(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};

const parentOf = (pid: number): number | null => {
  const parent = Number(statOf(pid)[STATE + 1]);
  return Number.isInteger(parent) ? parent : null;
};

/** @returns none or one */
const seenProcess = (pid: number): readonly Seen[] => {
  const status = textOf(`/proc/${pid}/status`);
  const [, name = ''] = /^Name:\s+(.*)$/m.exec(status) ?? [];
  const [, resident] = /^VmRSS:\s+(\d+)/m.exec(status) ?? [];
  const [, peak] = /^VmHWM:\s+(\d+)/m.exec(status) ?? [];
  if (resident === undefined || peak === undefined) return [];
  const stat = statOf(pid);
  const cpuMs = TICK_MS * (Number(stat[USER_TICKS]) + Number(stat[SYSTEM_TICKS]));
  return [{ pid, name, residentKiB: Number(resident), peakKiB: Number(peak), cpuMs }];
};

export interface ThreadTime {
  readonly tid: number;
  readonly isMain: boolean;
  readonly name: string;
  /** The name of its process. */
  readonly process: string;
  readonly cpuMs: number;
}

const NS_PER_MS = 1e6;

/** Of a process that is gone: none. */
export const threadTimes = (pid: number): readonly ThreadTime[] => {
  const process = nameOf(`/proc/${pid}`);
  return tidsOf(pid).map((tid) => {
    const folder = `/proc/${pid}/task/${tid}`;
    const [cpuNs = ''] = textOf(`${folder}/schedstat`).split(' ');
    return { tid, isMain: tid === pid, name: nameOf(folder), process, cpuMs: Number(cpuNs) / NS_PER_MS };
  });
};

const nameOf = (folder: string): string => textOf(`${folder}/comm`).trimEnd();

const tidsOf = (pid: number): readonly number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
};

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
