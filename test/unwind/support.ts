/**
 * Builds the comparing preload (compare.c) and the programs it is tried on, and reads what it found. The preload
 * can be built from mutated sources, to show that the comparison would see such a mistake.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export const folder = mkdtempSync(join(tmpdir(), 'memtrace-unwind-'));
export const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });

/** A mistake to be made on purpose: `from` must stand in the file exactly once. */
export interface Mutation {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const SOURCES = ['shim/unwind', 'shim/platform/linux'].flatMap((path) =>
  readdirSync(join(ROOT, path))
    .filter((name) => name.endsWith('.c') && !name.startsWith('aarch64'))
    .map((name) => join(path, name)),
);

/** What the shim's unwinder is held against. */
export type Outside = 'libgcc' | 'libunwind';

/** @returns the path of the preload */
export const buildComparison = async (
  name: string,
  mutation?: Mutation,
  outside: Outside = 'libgcc',
): Promise<string> => {
  const sources = SOURCES.map((path) =>
    path === mutation?.file ? mutated(name, mutation) : join(ROOT, path),
  );
  const out = join(folder, `${name}.so`);
  const flags = '-std=c11 -O2 -g -fPIC -shared -fno-omit-frame-pointer -fno-tree-slp-vectorize'.split(' ');
  const other = outside === 'libunwind' ? ['-DCOMPARE_LIBUNWIND', '-lunwind'] : [];
  const compared = join(ROOT, 'test/unwind/compare.c');
  await run('cc', [...flags, '-I', ROOT, compared, ...sources, '-o', out, ...other]);
  return out;
};

const mutated = (name: string, { file, from, to }: Mutation): string => {
  const parts = readFileSync(join(ROOT, file), 'utf8').split(from);
  if (parts.length !== 2) throw new Error(`${file} does not have this exactly once: ${from}`);
  const path = join(folder, `${name}-${basename(file)}`);
  writeFileSync(path, parts.join(to));
  return path;
};

const programs = new Map<string, Promise<string>>();

/** Built once, also when several tests ask at the same time. */
export const buildProgram = (name: string, ...flags: readonly string[]): Promise<string> => {
  const out = join(folder, `${name}${flags.join('').replaceAll('/', '_')}`);
  const source = join(ROOT, `test/programs/unwind/${name}.cpp`);
  const built = programs.get(out) ?? run('c++', [source, ...flags, '-o', out, '-pthread']).then(() => out);
  programs.set(out, built);
  return built;
};

/** The program that allocates inside the lazy binding resolver. Not under -z now, nor under LD_BIND_NOW. */
export const buildLazy = async (
  ...flags: readonly string[]
): Promise<{ readonly program: string; readonly env: Readonly<Record<string, string>> }> => {
  const library = await buildProgram('lazy_binding', ...flags, '-shared', '-fPIC', '-DLIBRARY');
  const program = await buildProgram('lazy_binding', ...flags, library, '-Wl,-z,lazy');
  return { program, env: { LD_BIND_NOW: '' } };
};

export interface Comparison {
  readonly checked: number;
  readonly mismatches: number;
  readonly truncated: number;
  /** Not remembered: walked from the beginning. */
  readonly afresh: number;
}

let runs = 0;

/** Runs a command with the preload; sums over all processes of it. */
export const compare = async (
  preload: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Comparison> => {
  runs += 1;
  const out = join(folder, `found.${runs}`);
  const [program, ...args] = command;
  await run(program, args, {
    env: { ...process.env, ...env, LD_PRELOAD: preload, COMPARE_OUT: out },
    maxBuffer: 1 << 28,
  });
  const found = readFileSync(out, 'utf8').matchAll(
    /^checked (\d+) mismatches (\d+) truncated (\d+) afresh (\d+)$/gm,
  );
  const sum = { checked: 0, mismatches: 0, truncated: 0, afresh: 0 };
  for (const [, checked, mismatches, truncated, afresh] of found) {
    sum.checked += Number(checked);
    sum.mismatches += Number(mismatches);
    sum.truncated += Number(truncated);
    sum.afresh += Number(afresh);
  }
  return sum;
};
