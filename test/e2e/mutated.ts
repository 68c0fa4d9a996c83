/**
 * memtrace as it would be with one mistake in the shim, installed in a folder of its own: shows that a test would
 * see the mistake.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newFolder } from '../folders.js';
import { type Mutation, mutated } from '../mutation.js';
import { ROOT } from '../places.js';

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
  for (const mutation of mutations) writeFileSync(join(folder, mutation.file), mutated(folder, mutation));
  execFileSync('make', ['build/libmemtrace.so'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  return join(folder, 'bin/memtrace');
};
