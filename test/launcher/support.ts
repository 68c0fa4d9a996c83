/** Runs bin/memtrace, or a program without it, and keeps what came out. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MEMTRACE } from '../places.js';

export interface Outcome {
  /** The exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Run {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly outcome: Promise<Outcome>;
  /** What it has said so far. */
  readonly heard: () => string;
  /** Resolves once stdout has a line that matches, with the match. */
  readonly said: (pattern: RegExp) => Promise<RegExpMatchArray>;
}

export interface Setting {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** In a process group and session of its own. */
  readonly detached?: boolean;
  readonly limitMs?: number;
}

/** Nothing here takes longer, on the slowest machine; what does hangs. */
const LONGEST_MS = 90_000;

export const start = (command: string, args: readonly string[], setting: Setting = {}): Run => {
  const child = spawn(command, args, { ...setting, stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    child.emit('said');
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const outcome = new Promise<Outcome>((resolve, reject) => {
    const hangs = setTimeout(() => {
      const told = new Error(`${command} ${args.join(' ')} hangs. It said: ${stdout}\n${stderr}`);
      reject(told);
      child.emit('hangs', told);
      process.kill(setting.detached ? -Number(child.pid) : Number(child.pid), 'SIGKILL');
    }, setting.limitMs ?? LONGEST_MS);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(hangs);
      resolve({ code, signal, stdout, stderr });
    });
  });
  outcome.catch(() => undefined); // a test that waits for words only
  const said = (pattern: RegExp): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      child.on('hangs', reject);
      const look = (): void => {
        const match = stdout.match(pattern);
        if (match) resolve(match);
      };
      child.on('said', look);
      child.on('close', () => reject(new Error(`never said ${pattern}: ${stdout}\n${stderr}`)));
      look();
    });
  return { process: child, pid: child.pid ?? -1, outcome, heard: () => stdout, said };
};

/** With stdin at its end. */
export const run = (command: string, args: readonly string[], setting?: Setting): Promise<Outcome> => {
  const started = start(command, args, setting);
  started.process.stdin?.end();
  return started.outcome;
};

export const memtrace = (...args: readonly string[]): Promise<Outcome> => run(MEMTRACE, args);

/** `memtrace run --no-output -- program…` */
export const traced = (...program: readonly string[]): Promise<Outcome> =>
  memtrace('run', '--no-output', '--', ...program);

/** Compiles an empty program with `flags`. */
export const compiled = (folder: string, name: string, ...flags: readonly string[]): string => {
  const source = join(folder, `${name}.c`);
  writeFileSync(source, 'int main(void) { return 0; }\n');
  execFileSync('cc', [source, '-o', join(folder, name), ...flags]);
  return join(folder, name);
};

/** A file with this content and mode. */
export const file = (path: string, content: string, mode = 0o755): string => {
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
};
