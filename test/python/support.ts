/** Traces Python programs with a core of the test's own, so that every live block can be asked for. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Core, createCore } from '../../daemon/core.js';
import { type NamedStacks, nameStacks } from '../../daemon/profile/stacks.js';
import type { Symbolizer } from '../../daemon/symbols/symbolizer.js';
import { SESSION_SHIM_LINK, SITE_PYTHON } from '../../proto/generated/layout.js';
import { ROOT } from '../places.js';
import { type Need, SLOW } from '../where.js';

export const scriptPath = (name: string): string => join(ROOT, 'test/python', name);

export interface Interpreter {
  /** "3.11.2" */
  readonly version: string;
  readonly minor: number;
  readonly path: string;
}

/** What PYTHONHOME names. */
export const prefixOf = ({ path }: Interpreter): string => dirname(dirname(path));
export const headersOf = (each: Interpreter): string => join(prefixOf(each), `include/python3.${each.minor}`);
export const libraryOf = (each: Interpreter): string => {
  const library = (folder: string) => join(prefixOf(each), folder, `libpython3.${each.minor}.so.1.0`);
  const debians = library('lib/x86_64-linux-gnu');
  return existsSync(debians) ? debians : library('lib');
};
export const modulesOf = (each: Interpreter): string => join(prefixOf(each), `lib/python3.${each.minor}`);

/** One of an interpreter's own files. */
export const havingFile = (path: string): Need => ({ what: path, isThere: existsSync(path) });

/** An empty folder, removed when the work in it is done. */
export const inFolder = async <T>(work: (folder: string) => T | Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-python-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const SUPPORTED = { first: 8, last: 13 };

/**
 * One interpreter of each 3.x that there is, in `make test-all` of each 3.x.y: /usr/bin/python3, those on the PATH, those of
 * pyenv and those that MEMTRACE_TEST_PYTHONS names, separated by colons.
 */
export const interpreters = (): readonly Interpreter[] => {
  const found = new Map<string, Interpreter>();
  for (const path of candidates()) {
    const version = versionOf(path);
    const minor = Number(version?.split('.')[1]);
    if (version === null || minor < SUPPORTED.first || minor > SUPPORTED.last) continue;
    const kind = SLOW ? version : String(minor);
    if (!found.has(kind)) found.set(kind, { version, minor, path });
  }
  return [...found.values()];
};

const candidates = (): readonly string[] => {
  const { PATH = '', HOME = '', PYENV_ROOT = join(HOME, '.pyenv'), MEMTRACE_TEST_PYTHONS = '' } = process.env;
  const versions = join(PYENV_ROOT, 'versions');
  const names = ['python3', ...[8, 9, 10, 11, 12, 13].map((minor) => `python3.${minor}`)];
  return [
    '/usr/bin/python3',
    ...MEMTRACE_TEST_PYTHONS.split(':'),
    ...PATH.split(':')
      .filter((folder) => !folder.includes('/shims'))
      .flatMap((folder) => names.map((name) => join(folder, name))),
    ...(existsSync(versions) ? readdirSync(versions).map((name) => join(versions, name, 'bin/python3')) : []),
  ].filter((path) => path !== '' && existsSync(path));
};

const versionOf = (path: string): string | null => {
  try {
    const script = 'import sys; print("%d.%d.%d" % sys.version_info[:3])';
    return execFileSync(path, ['-c', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
};

export interface PythonFrame {
  readonly file: string | null;
  readonly line: number | null;
}

export interface LiveBlock {
  readonly size: number;
  readonly isPython: boolean;
  /** Innermost first, without native ones. */
  readonly frames: readonly PythonFrame[];
  readonly nativeFrames: number;
}

export interface Traced {
  /** What the program printed before "end". */
  readonly lines: readonly string[];
  /** By address. */
  readonly blocks: ReadonlyMap<number, LiveBlock>;
  readonly lost: number;
  readonly unknownFrees: number;
  /** Allocations with a stack that was cut. */
  readonly truncated: number;
}

const namesNothing: Symbolizer = {
  hold: () => {},
  lookup: async (_, addresses) => addresses.map(() => []),
  problems: () => [],
  close: async () => {},
};

/** Runs a script that prints "end" and then waits for a line; what lived then. */
export const traceUntilEnd = async (
  command: readonly string[],
  stacks: 'python' | 'native and python' = 'python',
): Promise<Traced> => {
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-python-'));
  const core = createCore(folder, { onFull: 'wait', pythonNative: stacks !== 'python' });
  symlinkSync(join(ROOT, 'build/libmemtrace.so'), join(folder, SESSION_SHIM_LINK));
  const [program, ...args] = command;
  const child = spawn(program, args, {
    env: { ...process.env, LD_PRELOAD: join(folder, SESSION_SHIM_LINK) },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = new Promise((resolve) => child.on('close', resolve));
  try {
    const lines = await drainUntil(core, linesUntilEnd(child));
    const named = await nameAll(core);
    const { lost, unknownFrees, truncated } = core.process(0);
    return { lines, blocks: liveBlocks(core, named), lost, unknownFrees, truncated };
  } finally {
    core.stop();
    child.stdin.end('\n');
    await closed;
    core.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

const linesUntilEnd = async (child: ChildProcess): Promise<readonly string[]> => {
  const lines: string[] = [];
  if (!child.stdout) return lines;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'end') return lines;
    lines.push(line);
  }
  throw new Error(`the program ended before its time:\n${lines.slice(0, 20).join('\n')}`);
};

const drainUntil = async <T>(core: Core, done: Promise<T>): Promise<T> => {
  const state = { running: true };
  const result = done.finally(() => {
    state.running = false;
  });
  result.catch(() => {});
  while (state.running) await core.drain(20);
  while ((await core.drain(20)) > 0);
  return result;
};

const nameAll = async (core: Core): Promise<NamedStacks> => {
  const named = nameStacks(core, namesNothing, 0, 0);
  await named.catchUp();
  return named;
};

const liveBlocks = (core: Core, named: NamedStacks): ReadonlyMap<number, LiveBlock> => {
  const { count, address, size, stack, kind } = core.blocks(0);
  const stacks = named.stacksOf(stack.subarray(0, count));
  const framesOf = new Map<number, Pick<LiveBlock, 'frames' | 'nativeFrames'>>();
  const blocks = new Map<number, LiveBlock>();
  for (let at = 0; at < count; at += 1) {
    const known = framesOf.get(stacks[at]) ?? splitFrames(named, stacks[at]);
    framesOf.set(stacks[at], known);
    // An address can be both a heap block and the first Python block in it: the latter is the object.
    if (kind[at] !== SITE_PYTHON && blocks.has(address[at])) continue;
    blocks.set(address[at], { size: size[at], isPython: kind[at] === SITE_PYTHON, ...known });
  }
  return blocks;
};

const splitFrames = (
  { stacks, frames }: NamedStacks,
  stack: number,
): Pick<LiveBlock, 'frames' | 'nativeFrames'> => {
  const tree = stacks();
  const found: PythonFrame[] = [];
  let nativeFrames = 0;
  for (let at = stack; at >= 0; at = tree.parent[at]) {
    const { language, file, line } = frames[tree.frame[at]];
    if (language === 'python') found.push({ file, line });
    else nativeFrames += 1;
  }
  return { frames: found, nativeFrames };
};
