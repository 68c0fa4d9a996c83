/**
 * What tracing costs in memory, and how long the report takes: the high-water marks that the kernel keeps for each
 * process (VmHWM), read from outside while the workload runs. Knows nothing of memtrace but the names of its
 * processes.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bare, commandOf, memtrace } from './tools.js';
import type { Workload } from './workloads.js';

export interface Footprint {
  /** The program itself, the largest of its processes. */
  readonly programKiB: number;
  readonly daemonKiB: number;
  readonly symbolizerKiB: number;
  /** From the end of the program to the end of memtrace; 0 for a bare run. */
  readonly reportMs: number;
}

const LOOK_EVERY_MS = 10;
const OWN = new Set(['memtrace', 'memtrace-group']);

export const footprint = async (workload: Workload, traced: boolean): Promise<Footprint> => {
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-bench-'));
  try {
    const command = commandOf(traced ? memtrace : bare, workload, folder);
    return await watch(command, workload.env ?? {});
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const watch = (
  [program, ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Footprint> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, ...env } });
    const most = { programKiB: 0, daemonKiB: 0, symbolizerKiB: 0 };
    let programSeen = performance.now();
    const look = () => {
      for (const { name, peakKiB } of tree(child.pid ?? -1)) {
        if (OWN.has(name)) continue;
        const part =
          name === 'node' ? 'daemonKiB' : name.startsWith('memtrace-symb') ? 'symbolizerKiB' : 'programKiB';
        if (part === 'programKiB') programSeen = performance.now();
        most[part] = Math.max(most[part], peakKiB);
      }
    };
    const timer = setInterval(look, LOOK_EVERY_MS);
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(timer);
      if (code === 0) resolve({ ...most, reportMs: performance.now() - programSeen });
      else reject(new Error(`${program} ended with ${code}`));
    });
  });

interface Seen {
  readonly name: string;
  readonly peakKiB: number;
}

/** The process and all below it; what ends meanwhile is left out, and so is what has given up its memory. */
const tree = (root: number): readonly Seen[] => {
  const children = new Map<number, number[]>();
  for (const pid of readdirSync('/proc').map(Number)) {
    const parent = Number.isInteger(pid) ? parentOf(pid) : null;
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const below = (pid: number): readonly number[] => [pid, ...(children.get(pid) ?? []).flatMap(below)];
  return below(root).flatMap(seen);
};

/** Name in brackets, state, parent: proc(5). */
const parentOf = (pid: number): number | null => {
  const [, parent] = /\) \S (\d+) /.exec(textOf(`/proc/${pid}/stat`)) ?? [];
  return parent === undefined ? null : Number(parent);
};

const seen = (pid: number): readonly Seen[] => {
  const status = textOf(`/proc/${pid}/status`);
  const [, name = ''] = /^Name:\s+(.*)$/m.exec(status) ?? [];
  const [, peak] = /^VmHWM:\s+(\d+)/m.exec(status) ?? [];
  return peak === undefined ? [] : [{ name, peakKiB: Number(peak) }];
};

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
