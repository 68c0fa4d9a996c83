/**
 * What every hostile case asserts: the traced program says and returns what it does untraced, what memtrace counted
 * is what the witness (test/programs/hostile/witness.c) counted behind it, and it all ends in time.
 */
import { execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import type { Snapshot } from '../../proto/snapshot.js';
import { newFolder } from '../folders.js';
import { MEMTRACE, ROOT } from '../places.js';

const SOURCES = join(ROOT, 'test/programs/hostile');
/** What several of them include. */
const CASES = join(SOURCES, 'cases.h');
const BUILT = join(ROOT, 'build/hostile');

// ---- programs ----

const building = new Map<string, Promise<string>>();

/**
 * Compiles test/programs/hostile/SOURCE, once.
 * @param as the name of the result, where flags make it another program
 */
export const build = (source: string, as?: string, ...flags: readonly string[]): Promise<string> => {
  const name = as ?? source.replace(/\.\w+$/, '');
  const made = building.get(name) ?? compile(join(SOURCES, source), join(BUILT, name), flags);
  building.set(name, made);
  return made;
};

const compile = async (source: string, out: string, flags: readonly string[]): Promise<string> => {
  mkdirSync(BUILT, { recursive: true });
  const changedMs = Math.max(...[source, CASES].map((each) => statSync(each).mtimeMs));
  if (existsSync(out) && statSync(out).mtimeMs > changedMs) return out;
  const language = source.endsWith('.cpp') ? ['c++', '-std=c++20'] : ['cc', '-std=gnu11'];
  const [chosen, ...rest] = flags[0]?.startsWith('clang') ? flags : [language[0] as string, ...flags];
  const made = `${out}.${process.pid}`;
  await promisify(execFile)(chosen as string, [
    ...language.slice(1),
    ...'-O1 -g -fno-builtin -w'.split(' '),
    source,
    '-o',
    made,
    '-pthread',
    '-ldl',
    ...rest,
  ]);
  await promisify(execFile)('mv', [made, out]);
  return out;
};

// ---- runs ----

export interface Ended {
  /** As a shell says it: 128 + n for a signal. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Setting {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly limitMs?: number;
}

/** Fails when it has not ended within the limit. */
export const run = (command: readonly string[], setting: Setting = {}): Promise<Ended> => {
  const [file, ...args] = command as [string, ...string[]];
  const child = spawn(file, args, {
    cwd: setting.cwd,
    env: { ...process.env, ...setting.env },
    stdio: 'pipe',
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.stdin.on('error', () => {}); // it may end without having read
  child.stdin.end(setting.stdin ?? '');
  return new Promise((resolve, reject) => {
    const limit = setting.limitMs ?? 60_000;
    const timer = setTimeout(() => {
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
      reject(new Error(`hangs: ${command.join(' ')}\n${stdout}\n${stderr}`));
    }, limit);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? 128 + constants.signals[signal as NodeJS.Signals], stdout, stderr });
    });
  });
};

/** The snapshots of one session: the program's own first, the others in order of their start. */
const snapshotsIn = (folder: string): readonly Snapshot[] =>
  readdirSync(folder)
    .filter((name) => /^t\..*json$/.test(name))
    .map((name) => ({ name, snapshot: JSON.parse(readFileSync(join(folder, name), 'utf8')) as Snapshot }))
    .sort(
      (a, b) => Number(b.name === 't.json') - Number(a.name === 't.json') || byStart(a.snapshot, b.snapshot),
    )
    .map(({ snapshot }) => snapshot);

const byStart = (a: Snapshot, b: Snapshot): number =>
  a.process.startedAt < b.process.startedAt ? -1 : a.process.startedAt > b.process.startedAt ? 1 : 0;

export interface Traced extends Ended {
  readonly snapshots: readonly Snapshot[];
  /** Of the program itself. */
  readonly main: Snapshot;
}

export const trace = async (
  command: readonly string[],
  setting: Setting = {},
  ...options: readonly string[]
): Promise<Traced> => {
  const folder = newFolder();
  const ended = await run(
    [MEMTRACE, 'run', '-q', '--children=all', '-o', join(folder, 't.json'), ...options, '--', ...command],
    setting,
  );
  const snapshots = snapshotsIn(folder);
  return { ...ended, snapshots, main: snapshots[0] as Snapshot };
};

// ---- the witness ----

export interface Count {
  readonly pid: number;
  readonly allocations: number;
  readonly frees: number;
  readonly bytes: number;
}

const SLOTS = 131072;
const SLOT_BYTES = 32;

/** @returns the library to preload, and what it counted, one entry per process image in order of their first call */
export const callWitness = async (
  kind: 'libc' | 'bump' = 'libc',
): Promise<{ readonly library: string; readonly counts: () => readonly Count[] }> => {
  const flags = ['-shared', '-fPIC', ...(kind === 'bump' ? ['-DBUMP'] : [])];
  const built = await build('witness.c', `libwitness-${kind}.so`, ...flags);
  const folder = newFolder();
  const library = join(folder, 'libwitness.so');
  const file = join(folder, 'witness');
  copyFileSync(built, library);
  writeFileSync(file, '');
  truncateSync(file, SLOTS * SLOT_BYTES);
  chmodSync(folder, 0o755);
  chmodSync(file, 0o666);
  const counts = (): readonly Count[] => {
    const bytes = readFileSync(file);
    const field = (slot: number, at: number): number =>
      Number(bytes.readBigUInt64LE(slot * SLOT_BYTES + at * 8));
    return Array.from({ length: field(0, 0) }, (_, i) => ({
      pid: field(i + 1, 0),
      allocations: field(i + 1, 1),
      frees: field(i + 1, 2),
      bytes: field(i + 1, 3),
    }));
  };
  return { library, counts };
};

export interface Case extends Setting {
  readonly witness?: 'libc' | 'bump';
  readonly options?: readonly string[];
  /** What comes before the program: unshare, prlimit … */
  readonly under?: readonly string[];
}

/** A program that jumps out of malloc needs an allocator that bears it, also by itself. */
const withAllocator = async (setting: Case): Promise<Setting> =>
  setting.witness === 'bump'
    ? { ...setting, env: { ...setting.env, LD_PRELOAD: (await callWitness('bump')).library } }
    : setting;

/** Runs the program with and without memtrace and compares what both say and how they end. */
export const unchanged = async (
  t: ExecutionContext,
  command: readonly string[],
  setting: Case = {},
): Promise<Traced & { readonly counts: readonly Count[] }> => {
  const bare = await run(command, await withAllocator(setting));
  const witness = await callWitness(setting.witness);
  const env = { ...setting.env, LD_PRELOAD: witness.library };
  const traced = await trace(command, { ...setting, env }, ...(setting.options ?? []));
  t.is(traced.stdout, bare.stdout);
  t.is(traced.stderr, bare.stderr);
  t.is(traced.code, bare.code);
  const launcher = traced.main?.process.parentPid; // had the witness, too
  return { ...traced, counts: witness.counts().filter(({ pid }) => pid !== launcher) };
};

/** As above, and every process image was counted exactly. */
export const exact = async (
  t: ExecutionContext,
  command: readonly string[],
  setting: Case = {},
): Promise<Traced & { readonly counts: readonly Count[] }> => {
  const result = await unchanged(t, command, setting);
  t.true(result.counts.length > 0, 'the witness saw nothing');
  t.deepEqual(counted(result.snapshots), perPid(result.counts));
  for (const { capture } of result.snapshots) {
    t.is(capture.lost, 0);
    t.is(capture.unknownFrees, 0);
  }
  return result;
};

type PerPid = Readonly<Record<number, readonly string[]>>;

const collect = (entries: readonly (readonly [pid: number, text: string])[]): PerPid => {
  const all: Record<number, string[]> = {};
  for (const [pid, text] of entries) all[pid] = [...(all[pid] ?? []), text].sort();
  return all;
};

const perPid = (counts: readonly Count[]): PerPid =>
  collect(counts.map((c) => [c.pid, `${c.allocations} allocations ${c.frees} frees`]));

/** Processes that did nothing the witness has not met. What a forked child frees of its parent's is told apart. */
const counted = (snapshots: readonly Snapshot[]): PerPid =>
  collect(
    snapshots
      .map(({ process, capture }) => ({
        pid: process.pid,
        allocations: capture.allocations,
        frees: capture.frees + (process.inherited?.frees ?? 0),
      }))
      .filter(({ allocations, frees }) => allocations + frees > 0)
      .map(({ pid, allocations, frees }) => [pid, `${allocations} allocations ${frees} frees`]),
  );

/** The names of functions on the stacks of sites that pass the filter, innermost first. */
export const stacksOf = (
  snapshot: Snapshot,
  keep: (site: Snapshot['sites'][number]) => boolean,
): readonly (readonly string[])[] =>
  snapshot.sites.filter(keep).map((site) => {
    const names: string[] = [];
    for (let at = site.stack; at >= 0; at = snapshot.stacks[at]?.parent ?? -1) {
      const frame = snapshot.frames[snapshot.stacks[at]?.frame ?? -1];
      names.push(frame?.function ?? '?');
    }
    return names;
  });
