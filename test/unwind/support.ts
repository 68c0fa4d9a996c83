/**
 * Builds the comparing preload (compare.c) and the programs it is tried on, and reads what it found. The preload
 * can be built from mutated sources, to show that the comparison would see such a mistake.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Mutation, mutated } from '../mutation.js';
import { ROOT } from '../places.js';

const run = promisify(execFile);

export const folder = mkdtempSync(join(tmpdir(), 'memtrace-unwind-'));
export const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });

/** A processor: how programs are built for it and run. */
export interface Machine {
  readonly name: 'x86_64' | 'aarch64';
  readonly c: string;
  readonly cxx: string;
  /** Arguments before a program that is to run with the preload and these variables. */
  readonly start: (preload: string, variables: Readonly<Record<string, string>>) => readonly string[];
}

const assignments = (variables: Readonly<Record<string, string>>): string[] =>
  Object.entries(variables).map(([name, value]) => `${name}=${value}`);

/** The machine that the tests run on. */
const here: Machine = {
  name: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
  c: 'cc',
  cxx: 'c++',
  start: (preload, variables) => ['env', ...assignments({ ...variables, LD_PRELOAD: preload })],
};

/** By Debian's cross compiler, under qemu-user on a processor with pointer authentication. */
export const aarch64: Machine = {
  name: 'aarch64',
  c: 'aarch64-linux-gnu-gcc',
  cxx: 'aarch64-linux-gnu-g++',
  start: (preload, variables) => [
    ...['qemu-aarch64', '-cpu', 'max', '-L', '/usr/aarch64-linux-gnu'],
    ...assignments({ ...variables, LD_PRELOAD: preload }).flatMap((each) => ['-E', each]),
  ],
};

const ARCHITECTURES = ['x86_64', 'aarch64'];
const sourcesFor = (machine: Machine): string[] =>
  ['shim/unwind', 'shim/platform/linux'].flatMap((path) =>
    readdirSync(join(ROOT, path))
      .filter((name) => name.endsWith('.c'))
      .filter((name) => name === `${machine.name}.c` || !ARCHITECTURES.includes(basename(name, '.c')))
      .map((name) => join(path, name)),
  );

/** What the shim's unwinder is held against. */
export type Outside = 'libgcc' | 'libunwind';

/** @returns the path of the preload */
export const buildComparison = async (
  name: string,
  mutation?: Mutation,
  outside: Outside = 'libgcc',
  machine: Machine = here,
): Promise<string> => {
  const changed = join(folder, `${machine.name}-${name}`);
  if (mutation) mutate(changed, mutation);
  const sources = sourcesFor(machine).map((path) => join(path === mutation?.file ? changed : ROOT, path));
  const out = `${changed}.so`;
  const flags = '-std=c11 -O2 -g -fPIC -shared -fno-omit-frame-pointer -fno-tree-slp-vectorize'.split(' ');
  const other = outside === 'libunwind' ? ['-DCOMPARE_LIBUNWIND', '-lunwind'] : [];
  const compared = join(ROOT, 'test/unwind/compare.c');
  await run(machine.c, [...flags, '-I', changed, '-I', ROOT, compared, ...sources, '-o', out, ...other]);
  return out;
};

/** In a folder of its own, which stands before the true one when headers are looked for. */
const mutate = (changed: string, mutation: Mutation): void => {
  const path = join(changed, mutation.file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, mutated(ROOT, mutation));
};

const programs = new Map<string, Promise<string>>();

/** Built once, also when several tests ask at the same time. */
export const buildProgramFor = (
  machine: Machine,
  name: string,
  ...flags: readonly string[]
): Promise<string> => {
  const out = join(folder, `${machine.name}-${name}${flags.join('').replaceAll('/', '_')}`);
  const source = join(ROOT, `test/programs/unwind/${name}.cpp`);
  const built =
    programs.get(out) ?? run(machine.cxx, [source, ...flags, '-o', out, '-pthread']).then(() => out);
  programs.set(out, built);
  return built;
};
export const buildProgram = (name: string, ...flags: readonly string[]): Promise<string> =>
  buildProgramFor(here, name, ...flags);

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
  /** Walked further than the outside unwinder, by frame pointers through code without information. */
  readonly further: number;
}

let runs = 0;

/** Runs a command with the preload; sums over all processes of it. */
export const compare = async (
  preload: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
  machine: Machine = here,
): Promise<Comparison> => {
  runs += 1;
  const out = join(folder, `found.${runs}`);
  const [program, ...args] = [...machine.start(preload, { ...env, COMPARE_OUT: out }), ...command];
  await run(program, args, { maxBuffer: 1 << 28 });
  const found = readFileSync(out, 'utf8').matchAll(
    /^checked (\d+) mismatches (\d+) truncated (\d+) afresh (\d+) further (\d+)$/gm,
  );
  return [...found]
    .map((line) => line.slice(1).map(Number))
    .map(([checked, mismatches, truncated, afresh, further]) => ({
      checked,
      mismatches,
      truncated,
      afresh,
      further,
    }))
    .reduce(sumOf, nothingCompared);
};

export const nothingCompared: Comparison = {
  checked: 0,
  mismatches: 0,
  truncated: 0,
  afresh: 0,
  further: 0,
};

export const sumOf = (a: Comparison, b: Comparison): Comparison => ({
  checked: a.checked + b.checked,
  mismatches: a.mismatches + b.mismatches,
  truncated: a.truncated + b.truncated,
  afresh: a.afresh + b.afresh,
  further: a.further + b.further,
});
