/**
 * What to say of a program whose objects lie in a heap that a runtime collects: malloc hears of the pieces that the
 * heap is made of, at best. Told from the modules that allocated; the report would look complete otherwise.
 */
import { basename } from 'node:path';
import type { Module } from '../../proto/snapshot.js';

const RUNTIMES: readonly (readonly [module: RegExp, name: string])[] = [
  [/^libpypy\S*\.so/, 'PyPy'],
  [/^libjvm\.so/, 'Java'],
  [/^node(?:js)?$/, 'Node.js'],
];

export const collectedNotes = (modules: readonly Module[]): readonly string[] =>
  RUNTIMES.filter(([module]) => modules.some(({ path }) => module.test(basename(path)))).map(
    ([, name]) =>
      `${name} keeps objects in a heap of its own, which it collects: neither they nor the lines that make them are seen, only what is allocated by malloc or mapped beside them`,
  );
