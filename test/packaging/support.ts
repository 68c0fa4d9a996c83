/** What the packaging tests share: folders of their own, commands that say what went wrong, a traced program. */
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { ROOT } from '../places.js';

export const temporaryFolder = (t: ExecutionContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-packaging-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** @returns stdout; throws with stderr when it fails */
export const run = (cwd: string, command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: 'pipe',
    timeout: 120_000,
    env: surroundings(),
  });

export const attempt = (cwd: string, command: string, ...args: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 120_000, env: surroundings() });

/** Without what npm and make tell their children: this may itself run below `npm test` or `make`. */
const surroundings = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_)|MAKE|MFLAGS)/i.test(name)),
  );

/** Traces the example with this memtrace, from a folder that has nothing to do with the checkout. */
export const tracesTheExample = (
  t: ExecutionContext,
  folder: string,
  ...memtrace: readonly string[]
): void => {
  const [command = '', ...before] = memtrace;
  const example = join(ROOT, 'build/examples/leaky-cache');
  const output = join(folder, 'example.json');
  const told = attempt(folder, command, ...before, 'run', '-f', '-o', output, '--', example, '1000');
  t.is(told.status, 0, told.stderr);
  t.regex(told.stdout, /^1000 requests for 16 pages/);
  t.regex(told.stderr, /leaky-cache\.cpp:\d+ +render/);

  const snapshot = JSON.parse(readFileSync(output, 'utf8'));
  t.is(snapshot.totals.liveBlocks, 2003);
  const report = run(folder, command, ...before, 'report', output, '--limit', '1');
  t.regex(report, /leaky-cache\.cpp:\d+ +render/);
};
