/** Runs of memtrace as far as names go, with a cache of names of their own and a symbolizer that counts its starts. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { installedFile } from '../../daemon/installed.js';
import { type ModuleProblem, openSymbolizer, type SymbolFrame } from '../../daemon/symbols/symbolizer.js';
import { functionAddresses, moduleRef, temporaryFolder } from './support.js';

export interface World {
  readonly folder: string;
  readonly cache: string;
  /** the symbolizer, counting its starts */
  readonly binary: string;
  readonly starts: () => number;
  /** makes it answer that no file can be read */
  readonly fail: (failing: boolean) => void;
}

export const world = (t: ExecutionContext): World => {
  const folder = temporaryFolder(t);
  const binary = join(folder, 'symbolizer');
  const log = join(folder, 'starts');
  const real = installedFile('build/memtrace-symbolizer');
  const failing = join(folder, 'failing');
  const script = [
    `echo >> '${log}'`,
    `[ -e '${failing}' ] || exec '${real}'`,
    'echo memtrace-symbolizer 1',
    'while read -r kind number addresses; do',
    '  [ "$kind" = L ] || continue',
    '  echo "M $number unreadable Input/output error"',
    '  for each in $addresses; do echo F; done',
    '  echo E',
    'done',
  ];
  writeFileSync(binary, ['#!/bin/sh', ...script, ''].join('\n'), { mode: 0o755 });
  const fail = (yes: boolean): void => (yes ? writeFileSync(failing, '') : rmSync(failing));
  const starts = (): number => (existsSync(log) ? readFileSync(log, 'utf8').length : 0);
  return { folder, cache: join(folder, 'cache'), binary, starts, fail };
};

export interface Seen {
  readonly frames: readonly (readonly SymbolFrame[])[];
  readonly problems: readonly ModuleProblem[];
}

/** One run of memtrace, as far as names go. */
export const look = async (
  { binary, cache }: World,
  program: string,
  addresses: readonly number[],
  env: NodeJS.ProcessEnv = {},
): Promise<Seen> => {
  const symbolizer = openSymbolizer({ binary, env: { ...process.env, ...env }, cache });
  const module = moduleRef(program);
  symbolizer.hold(module);
  const frames = await symbolizer.lookup(module, addresses);
  const problems = symbolizer.problems();
  await symbolizer.close();
  return { frames, problems };
};

export const helperIn = (program: string): number =>
  (functionAddresses(program).get('hidden_helper') ?? 0) + 12;

/** Of the physical function. */
export const lastOf = ({ frames }: Seen): string => {
  const last = frames[0]?.at(-1);
  return `${last?.function ?? '?'} ${last?.line ? 'with line' : 'without line'}`;
};
