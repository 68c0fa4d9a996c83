/** What the symbol tests share: programs built on the spot, their call sites, and the answers of addr2line. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { ModuleRef, SymbolFrame, Symbolizer } from '../../daemon/symbols/symbolizer.js';
import { ROOT } from '../places.js';

export const sourceOf = (name: string): string => join(ROOT, 'test/programs/symbols', name);

export const temporaryFolder = (t: ExecutionContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-symbols-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

export const run = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'pipe'] });

const built = new Map<string, string>();

/** Compiles test/programs/symbols/SOURCE, once per test process; returns the path of a copy in `folder`. */
export const build = (folder: string, source: string, ...flags: readonly string[]): string => {
  const key = [source, ...flags].join(' ');
  const program = built.get(key) ?? compile(source, flags);
  built.set(key, program);
  const copy = join(folder, `program${readdirSync(folder).length}`);
  copyFileSync(program, copy);
  return copy;
};

const compile = (source: string, flags: readonly string[]): string => {
  const folder = mkdtempSync(join(tmpdir(), 'memtrace-symbols-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'program');
  run(source.endsWith('.cpp') ? 'g++' : 'gcc', '-g', ...flags, sourceOf(source), '-o', program);
  return program;
};

export const buildIdOf = (file: string): string => {
  const found = /Build ID: ([0-9a-f]+)/.exec(run('readelf', '-n', file));
  if (!found?.[1]) throw new Error(`${file} has no build-id`);
  return found[1];
};

export const moduleRef = (path: string, pid: number | null = null): ModuleRef => ({
  path,
  buildId: buildIdOf(path),
  pid,
});

/** DIR/.build-id/xx/yyyy.debug, with its folder made */
export const debugFilePath = (dir: string, buildId: string): string => {
  mkdirSync(join(dir, '.build-id', buildId.slice(0, 2)), { recursive: true });
  return join(dir, '.build-id', buildId.slice(0, 2), `${buildId.slice(2)}.debug`);
};

/** Link-time addresses of the functions of a symbol table. */
export const functionAddresses = (program: string): ReadonlyMap<string, number> =>
  new Map(
    run('nm', program)
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([, type]) => type === 't' || type === 'T')
      .map(([address = '', , name = '']) => [name, Number.parseInt(address, 16)]),
  );

/** Return addresses less one: the last byte of each call instruction; at most `limit`, spread evenly. */
export const callSites = (program: string, limit: number): number[] => {
  const sites: number[] = [];
  let afterCall = false;
  for (const line of run('objdump', '-d', '--no-show-raw-insn', program).split('\n')) {
    const instruction = /^\s+([0-9a-f]+):\t(.*)$/.exec(line);
    if (!instruction) continue;
    if (afterCall) sites.push(Number.parseInt(instruction[1] ?? '', 16) - 1);
    afterCall = /^(?:notrack |bnd )*call/.test(instruction[2] ?? '');
  }
  const step = Math.max(1, sites.length / limit);
  return Array.from({ length: Math.min(limit, sites.length) }, (_, i) => sites[Math.floor(i * step)] ?? 0);
};

/** The innermost function at each address. */
export const namesAt = async (
  symbolizer: Symbolizer,
  module: ModuleRef,
  addresses: readonly number[],
): Promise<(string | null)[]> =>
  (await symbolizer.lookup(module, addresses)).map((frames) => frames[0]?.function ?? null);

/** Frames as addr2line -i sees them; unknown parts are null. */
export type OracleFrame = Pick<SymbolFrame, 'function' | 'file' | 'line'>;

export const addr2line = (program: string, addresses: readonly number[]): OracleFrame[][] => {
  const input = addresses.map((address) => `0x${address.toString(16)}`).join('\n');
  const { stdout } = spawnSync('addr2line', ['-afiC', '-e', program], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  const all: OracleFrame[][] = [];
  const lines = stdout.split('\n');
  for (let i = 0; i + 1 < lines.length; i++) {
    const line = lines[i] ?? '';
    if (/^0x[0-9a-f]{16}$/.test(line)) {
      all.push([]);
      continue;
    }
    const place = /^(.*):(\d+|\?)(?: \(discriminator \d+\))?$/.exec(lines[++i] ?? '');
    all.at(-1)?.push({
      function: line === '??' ? null : line,
      file: place?.[1] === '??' ? null : (place?.[1] ?? null),
      line: Number(place?.[2]) || null,
    });
  }
  return all;
};
