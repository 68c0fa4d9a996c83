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
  /** What makes its report afterwards, where it does not itself. */
  readonly report?: (folder: string) => readonly string[];
}

export interface Cost {
  readonly wallNs: number;
  /** Of all processes: program, tool, whatever they started. */
  readonly cpuNs: number;
  /** The same with the making of the report. */
  readonly reportedCpuNs: number;
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
  report: (folder) => ['sh', '-c', `exec heaptrack_print '${folder}'/heaptrack*`],
};

export const tools = (): readonly Tool[] =>
  spawnSync('heaptrack', ['--version'], { stdio: 'ignore' }).status === 0
    ? [memtrace, firstRun, heaptrack]
    : [memtrace, firstRun];

const measureBinary = 'build/measure';

export const buildMeasure = (): void => {
  if (!existsSync(measureBinary))
    execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-o', measureBinary, 'bench/measure.c']);
};

/** Runs once. Throws when the program did not end well: a failed run has no cost. */
export const measure = (tool: Tool, workload: Workload): Cost => {
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-bench-'));
  const env = { ...process.env, ...workload.env, ...tool.env };
  const what = `${workload.name} under ${tool.name}`;
  try {
    const cost = measureCommand(what, commandOf(tool, workload, folder), folder, env);
    const report = tool.report ? measureCommand(what, tool.report(folder), folder, env).cpuNs : 0;
    return { ...cost, reportedCpuNs: cost.cpuNs + report };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const measureCommand = (
  what: string,
  command: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv,
): Pick<Cost, 'wallNs' | 'cpuNs'> => {
  const result = join(folder, 'cost');
  const run = spawnSync(measureBinary, [result, ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const [wall, user, system, , status] = readFileSync(result, 'utf8').trim().split(' ').map(Number);
  if (run.status !== 0 || status !== 0) throw new Error(`${what} ended with ${status}:\n${run.stderr}`);
  return { wallNs: wall, cpuNs: (user + system) * 1000 };
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
