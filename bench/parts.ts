/**
 * Which part of memtrace takes how much processor time: what the kernel has counted for each thread, read from outside
 * while the workload runs. Knows nothing of memtrace but the names of its processes and threads.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processTree, type ThreadTime, threadTimes } from './processes.js';
import { commandOf, type Tool } from './tools.js';
import type { Workload } from './workloads.js';

/** Milliseconds. */
export interface Parts {
  /** All that is not memtrace's: of a traced program the shim is in it. */
  readonly program: number;
  readonly drain: number;
  readonly javascript: number;
  /** V8's compiler and collector, on threads of their own. */
  readonly helpers: number;
  readonly symbolizer: number;
}

/** What a thread does in the last of these goes unseen. */
const LOOK_EVERY_MS = 3;

export const partsOf = async (workload: Workload, tool: Tool): Promise<Parts> => {
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-bench-'));
  const last = new Map<string, ThreadTime>();
  try {
    const [program, ...args] = commandOf(tool, workload, folder);
    await new Promise<void>((resolve, reject) => {
      const env = { ...process.env, ...workload.env, ...tool.env };
      const child = spawn(program, args, { stdio: 'ignore', env });
      const look = () => {
        for (const { pid } of processTree(child.pid ?? -1))
          for (const thread of threadTimes(pid)) last.set(`${pid} ${thread.tid}`, thread);
      };
      const timer = setInterval(look, LOOK_EVERY_MS);
      child.on('error', reject);
      child.on('close', (code) => {
        clearInterval(timer);
        if (code === 0) resolve();
        else reject(new Error(`${program} ended with ${code}`));
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const sums = { program: 0, drain: 0, javascript: 0, helpers: 0, symbolizer: 0 };
  for (const thread of last.values()) sums[partOf(thread)] += thread.cpuMs;
  return sums;
};

const partOf = ({ process, name, isMain }: ThreadTime): keyof Parts => {
  if (process.startsWith('memtrace-symb')) return 'symbolizer';
  if (process !== 'node') return 'program';
  if (isMain) return 'javascript';
  return name === 'memtrace-drain' ? 'drain' : 'helpers';
};
