/**
 * Runs programs bare, under memtrace and under the independent counting preload (test/programs/preload), in a
 * folder of their own, bounded in time. Tests look at what a user would see: output, exit code, report, snapshot.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshot } from '../../proto/snapshot.js';
import { newFolder } from '../folders.js';
import { MEMTRACE, program } from '../places.js';

const TIMEOUT_MS = 60_000;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Traced extends Ran {
  /** Of the main program; null when none was written. */
  readonly snapshot: Snapshot | null;
  /** All snapshot files of the run, by name. */
  readonly snapshots: Readonly<Record<string, Snapshot>>;
  readonly folder: string;
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Called once it runs. */
  readonly meanwhile?: (child: ChildProcess) => void;
  /** After which it hangs. */
  readonly longestMs?: number;
}

export const run = (
  command: readonly string[],
  { env, cwd, meanwhile, longestMs = TIMEOUT_MS }: Surroundings = {},
): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const [file, ...args] = command;
    const child = spawn(file, args, {
      cwd: cwd ?? newFolder(),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => out.push(data));
    child.stderr.on('data', (data: Buffer) => err.push(data));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${command.join(' ')} was still running after ${longestMs} ms`));
    }, longestMs);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
    meanwhile?.(child);
  });

/** @param options of `memtrace run`, before the program */
export const trace = async (
  command: readonly string[],
  options: readonly string[] = [],
  surroundings: Surroundings = {},
): Promise<Traced> => {
  const folder = newFolder();
  const file = join(folder, 't.json');
  const ran = await run(
    [MEMTRACE, 'run', '-o', file, '--children=all', ...options, '--', ...command],
    surroundings,
  );
  const read = (name: string): Snapshot => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const snapshots = Object.fromEntries(names.map((name) => [name, read(name)]));
  return { ...ran, snapshot: existsSync(file) ? read('t.json') : null, snapshots, folder };
};

/** The main program's snapshot; a run without one is a failure. */
export const snapshotOf = (traced: Traced): Snapshot => {
  if (!traced.snapshot) throw new Error(`no snapshot was written:\n${traced.stderr}`);
  return traced.snapshot;
};

export interface Counted {
  readonly name: string;
  readonly pid: number;
  readonly allocations: number;
  readonly frees: number;
}

/** Per process, as the counting preload saw it: a realloc of a block is one free and one allocation. */
export const count = async (
  command: readonly string[],
  surroundings: Surroundings = {},
): Promise<Ran & { readonly processes: readonly Counted[] }> => {
  const out = join(newFolder(), 'counts');
  const ran = await run(command, {
    ...surroundings,
    env: { ...surroundings.env, COUNT_OUT: out, LD_PRELOAD: program('libcount.so') },
  });
  const lines = existsSync(out) ? readFileSync(out, 'utf8').trim().split('\n') : [];
  const processes = lines.map((line) => {
    const of = (field: string): number =>
      Number(new RegExp(`\\b${field}=(\\d+)`).exec(line)?.[1] ?? Number.NaN);
    return {
      name: line.split(' ')[0],
      pid: of('pid'),
      allocations: of('malloc') + of('calloc') + of('realloc0') + of('realloc') + of('aligned'),
      frees: of('free') + of('realloc'),
    };
  });
  return { ...ran, processes };
};

/** What a compiler makes of a source text. */
export const compile = (source: string, language: 'c' | 'c++', ...flags: readonly string[]): string => {
  const out = join(newFolder(), 'program');
  execFileSync(
    'cc',
    [...flags, '-x', language, '-', '-o', out, '-pthread', ...(language === 'c++' ? ['-lstdc++'] : [])],
    {
      input: source,
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  );
  return out;
};
