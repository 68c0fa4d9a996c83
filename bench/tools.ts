/** How a workload is run: bare, under memtrace, under a peer; and what one run cost. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Workload } from './workloads.js';

export interface Tool {
  readonly name: string;
  /** The command that runs `command` under this tool, leaving files in `folder` only. */
  readonly wrap: (command: readonly string[], folder: string) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Cost {
  readonly wallNs: number;
  /** Of all processes: program, tool, whatever they started. */
  readonly cpuNs: number;
}

/** The whole command of a workload under a tool. */
export const commandOf = (tool: Tool, { command, around }: Workload, folder: string): readonly string[] => {
  const wrapped = tool.wrap(command, folder);
  return around?.(wrapped) ?? wrapped;
};

export const bare: Tool = { name: 'bare', wrap: (command) => command };

/** A folder that is empty at first, for the names that memtrace remembers: those of the user are none of bench's. */
const names = mkdtempSync(join(tmpdir(), 'memtrace-bench-names-'));
process.on('exit', () => rmSync(names, { recursive: true, force: true }));

/** As from the second run of a program on. */
export const memtrace: Tool = {
  name: 'memtrace',
  env: { MEMTRACE_CACHE_DIR: names },
  wrap: (command, folder) => ['bin/memtrace', 'run', '-o', join(folder, 'out.json'), '--', ...command],
};

/** All names are read from debug information. */
export const firstRun: Tool = { ...memtrace, name: 'first run', env: { MEMTRACE_CACHE_DIR: '' } };

const heaptrack: Tool = {
  name: 'heaptrack',
  wrap: (command, folder) => ['heaptrack', '-o', join(folder, 'heaptrack'), ...command],
};

export const tools = (): readonly Tool[] =>
  spawnSync('heaptrack', ['--version'], { stdio: 'ignore' }).status === 0
    ? [bare, memtrace, firstRun, heaptrack]
    : [bare, memtrace, firstRun];

const measureBinary = 'build/measure';

export const buildMeasure = (): void => {
  if (!existsSync(measureBinary))
    execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-o', measureBinary, 'bench/measure.c']);
};

/** Runs once. Throws when the program did not end well: a failed run has no cost. */
export const measure = (tool: Tool, workload: Workload): Cost => {
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-bench-'));
  try {
    const result = join(folder, 'cost');
    const run = spawnSync(measureBinary, [result, ...commandOf(tool, workload, folder)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...workload.env, ...tool.env },
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    const [wall, user, system, , status] = readFileSync(result, 'utf8').trim().split(' ').map(Number);
    if (run.status !== 0 || status !== 0)
      throw new Error(`${workload.name} under ${tool.name} ended with ${status}:\n${run.stderr}`);
    return { wallNs: wall, cpuNs: (user + system) * 1000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** How many allocations a workload makes, as memtrace counts them. */
export const allocationsOf = (workload: Workload): number => {
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-bench-'));
  try {
    const [program, ...args] = commandOf(memtrace, workload, folder);
    const run = spawnSync(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...workload.env, ...memtrace.env },
      encoding: 'utf8',
    });
    if (run.status !== 0)
      throw new Error(`${workload.name} under memtrace ended with ${run.status}:\n${run.stderr}`);
    return JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')).capture.allocations;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
