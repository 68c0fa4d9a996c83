/**
 * memtrace as it would be with one mistake in the shim, installed in a folder of its own: shows that a test would
 * see the mistake.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../places.js';
import { newFolder } from './harness.js';

/** A mistake to be made on purpose: `from` must stand in the file exactly once. */
export interface Mutation {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** As on a glibc before 2.35. */
export const OLD_LOADER: Mutation = {
  file: 'shim/platform/linux/modules.c',
  from: 'return _dl_find_object != NULL;',
  to: 'return false;',
};

const PARTS = [
  ...['Makefile', 'package.json', 'proto', 'shim', 'scripts', 'test/programs/programs.mk'],
  ...['bin/memtrace', 'dist/memtrace.cjs', 'dist/memtrace.bundle.cjs', 'build/.deps', 'build/obj/shim'],
  ...['build/libmemtrace.so', 'build/libmemtrace-core.so', 'build/memtrace-symbolizer'],
];

/** @returns the path of the memtrace that has it */
export const mutatedMemtrace = (...mutations: readonly Mutation[]): string => {
  const folder = newFolder();
  for (const part of PARTS)
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, preserveTimestamps: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const { file, from, to } of mutations) {
    const parts = readFileSync(join(folder, file), 'utf8').split(from);
    if (parts.length !== 2) throw new Error(`${file} does not have this exactly once: ${from}`);
    writeFileSync(join(folder, file), parts.join(to));
  }
  execFileSync('make', ['build/libmemtrace.so'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  return join(folder, 'bin/memtrace');
};
