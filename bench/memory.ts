/**
 * What tracing costs in memory, and how long the report takes: the high-water marks that the kernel keeps for each
 * process (VmHWM), read from outside while the workload runs. Knows nothing of memtrace but the names of its
 * processes.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processTree } from './processes.js';
import { commandOf, type Tool } from './tools.js';
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
const OWN = new Set(['memtrace', 'signal-witness']);

export const footprint = async (workload: Workload, tool: Tool): Promise<Footprint> => {
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-bench-'));
  try {
    return await footprintOf(commandOf(tool, workload, folder), { ...workload.env, ...tool.env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Runs a command to its end. */
export const footprintOf = (
  [program, ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Footprint> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, ...env } });
    const most = { programKiB: 0, daemonKiB: 0, symbolizerKiB: 0 };
    let programSeen = performance.now();
    const look = () => {
      for (const { name, peakKiB } of processTree(child.pid ?? -1)) {
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
