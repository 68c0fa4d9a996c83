/** Runs a program under memtrace, by itself, or under the counting preload, and keeps all that came of it. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report, ReportRow, SiteCounters, Snapshot } from '../../proto/snapshot.js';
import { reportOf } from '../../views/report.js';
import { MEMTRACE, programPath, temporaryFolder } from '../launcher/support.js';

export { MEMTRACE, programPath, temporaryFolder };

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const sourcePath = (name: string): string => join(ROOT, 'test/programs', name);
export const repositoryFile = (name: string): string => join(ROOT, name);

export interface Setting {
  readonly cwd?: string;
  /** Added to the environment of the tests. */
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  /** A run that takes longer is killed, and the test fails. */
  readonly limitMs?: number;
}

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const LIMIT_MS = 60_000;

/** A running program. `sees` resolves once stdout matches. */
export interface Running {
  readonly pid: number;
  readonly write: (text: string) => void;
  readonly sees: (pattern: RegExp) => Promise<RegExpMatchArray>;
  readonly outcome: Promise<Outcome>;
}

export const start = (command: readonly string[], setting: Setting = {}): Running => {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd: setting.cwd,
    env: { ...process.env, ...setting.env },
    stdio: 'pipe',
  });
  const out = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('latin1').on('data', (text: string) => {
      out[name] += text;
      for (const look of watchers) look();
    });
  child.stdin.on('error', () => {}); // the program may well end without reading it
  if (setting.stdin !== undefined) child.stdin.end(setting.stdin);
  const limitMs = setting.limitMs ?? LIMIT_MS;
  const outcome = new Promise<Outcome>((resolve, reject) => {
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${command.join(' ')} took more than ${limitMs} ms\n${out.stdout}\n${out.stderr}`));
    }, limitMs);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, ...out });
    });
  });
  const sees = (pattern: RegExp): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = out.stdout.match(pattern);
        if (match) resolve(match);
      };
      watchers.add(look);
      look();
      const gone = () => reject(new Error(`never said ${pattern}: ${out.stdout}\n${out.stderr}`));
      outcome.then(gone, gone);
    });
  return { pid: child.pid ?? -1, write: (text) => child.stdin.write(text), sees, outcome };
};

/** By itself, with stdin at its end unless text is given. */
export const bare = (command: readonly string[], setting: Setting = {}): Promise<Outcome> =>
  start(command, { stdin: '', ...setting }).outcome;

export interface Traced extends Outcome {
  /** Of the program itself. */
  readonly snapshot: Snapshot;
  /** By line, of the heap: what `memtrace report --sort total --limit 0 --json` prints of it. */
  readonly report: Report;
  /** Of the further process images, by the name of the file. */
  readonly others: ReadonlyMap<string, Snapshot>;
}

export interface TracingRun extends Running {
  readonly folder: string;
  /** Where the session of this run alone is found: for `memtrace ls`, `dump`. */
  readonly env: NodeJS.ProcessEnv;
  readonly result: Promise<Traced>;
}

/** `memtrace run -q`: stderr is the program's own, but for errors. `options` are those of run. */
export const startTraced = (
  command: readonly string[],
  setting: Setting = {},
  options: readonly string[] = [],
): TracingRun => {
  const folder = mkdtempSync(join(FOLDER, 'run-'));
  const runtime = join(folder, 'x');
  mkdirSync(runtime, { mode: 0o700 });
  const env = { XDG_RUNTIME_DIR: runtime, ...setting.env };
  const files = ['-q', '-o', join(folder, 't.json'), '--children', 'all'];
  const running = start([MEMTRACE, 'run', ...files, ...options, '--', ...command], { ...setting, env });
  return { ...running, folder, env, result: running.outcome.then((outcome) => read(folder, outcome)) };
};

export const traced = (
  command: readonly string[],
  setting: Setting = {},
  options: readonly string[] = [],
): Promise<Traced> => startTraced(command, { stdin: '', ...setting }, options).result;

const FOLDER = temporaryFolder();

const read = (folder: string, outcome: Outcome): Traced => {
  const names = readdirSync(folder).filter((name) => /^t\..*json$/.test(name));
  if (!names.includes('t.json'))
    throw new Error(`there is no snapshot (exit ${outcome.code}): ${outcome.stderr}`);
  const others = names.filter((name) => name !== 't.json');
  const snapshot = readJson<Snapshot>(join(folder, 't.json'));
  return {
    ...outcome,
    snapshot,
    report: byLine(snapshot),
    others: new Map(others.map((name) => [name, readJson<Snapshot>(join(folder, name))])),
  };
};

export const byLine = (snapshot: Snapshot): Report =>
  reportOf(snapshot, { by: 'line', sort: 'total', kind: 'heap' });

export const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8'));

/** What an independent preload counted of one process image: test/programs/preload/libcount.c. */
export interface Counted {
  readonly pid: number;
  /** Counted from 1: the n-th image of this pid. */
  readonly image: number;
  readonly program: string;
  readonly allocations: number;
  readonly frees: number;
  readonly bytes: number;
}

/** An environment in which everything is counted, and what was. Under memtrace it counts the same run. */
export const counting = (): {
  readonly env: NodeJS.ProcessEnv;
  readonly counts: () => readonly Counted[];
} => {
  const folder = mkdtempSync(join(FOLDER, 'count-'));
  return {
    env: { LD_PRELOAD: programPath('libcount.so'), COUNT_DIR: folder },
    counts: () =>
      readdirSync(folder)
        .map((name) => countsIn(join(folder, name)))
        .filter(({ program }) => !OWN_PROGRAMS.has(program))
        .toSorted((a, b) => a.pid - b.pid || a.image - b.image),
  };
};

/** The parts of memtrace get the caller's environment too. */
const OWN_PROGRAMS: ReadonlySet<string> = new Set(['memtrace', 'memtrace-symbolizer', 'node']);

/** struct counts of libcount.c, in the terms of memtrace: a reallocation is one free and one allocation. */
const countsIn = (path: string): Counted => {
  const content = readFileSync(path);
  const number = (index: number) => Number(content.readBigUInt64LE(8 * index));
  const [pid = 0, image = 1] = basename(path).split('.').map(Number);
  const executable = content.toString('utf8', 64, content.indexOf(0, 64));
  return {
    pid,
    image,
    program: basename(executable),
    allocations: number(0) + number(1) + number(2) + number(3) + number(4),
    frees: number(5) + number(3) + number(6),
    bytes: number(7),
  };
};

/** The row of a line of a traced program's own source, as the report by line has it. */
export const rowAt = (
  { report }: Pick<Traced, 'report'>,
  source: string,
  line: number,
): ReportRow | undefined =>
  report.rows.find(
    (row) => row.user && row.line === line && row.file !== null && basename(row.file) === source,
  );

/** The number of the line of a program that holds this text, which stands there once. */
export const lineOf = (source: string, text: string): number => {
  const lines = readFileSync(sourcePath(source), 'utf8').split('\n');
  const at = lines.findIndex((line) => line.includes(text));
  if (at < 0 || lines.findLastIndex((line) => line.includes(text)) !== at)
    throw new Error(`${source} has no line, or several, with ${text}`);
  return at + 1;
};

export const sum = (rows: readonly SiteCounters[], what: keyof SiteCounters): number =>
  rows.reduce((total, row) => total + row[what], 0);

/** Waits for something that another process does and has no way to tell. */
export const until = async <T>(look: () => T | null | undefined, limitMs = 20_000): Promise<T> => {
  for (const end = Date.now() + limitMs; Date.now() < end; ) {
    const found = look();
    if (found !== null && found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('what was waited for did not happen');
};
