/** A program that is run again: its names come from the first run, unless the program was built anew. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { newFolder } from '../folders.js';
import { trace } from './harness.js';

const source = (line: number): string =>
  `#include <stdlib.h>\n${'\n'.repeat(line - 3)}void *volatile kept;\nint main(void) { kept = malloc(4711); }\n`;

test('the second run takes its names from the first, and from the program once that was changed', async (t) => {
  const [folder, cache] = [newFolder(), join(newFolder(), 'names')];
  const program = join(folder, 'program');
  const compile = (line: number): void => {
    writeFileSync(join(folder, 'program.c'), source(line));
    execFileSync('gcc', ['-g', '-O0', 'program.c', '-o', 'program'], { cwd: folder });
  };
  const placeOf = async (): Promise<string> => {
    const { snapshot } = await trace([program], ['-q'], { env: { MEMTRACE_CACHE_DIR: cache } });
    const frame = snapshot?.frames.find(({ file }) => file?.endsWith('program.c'));
    return `${frame?.function}:${frame?.line}`;
  };
  compile(10);
  t.is(await placeOf(), 'main:10');
  for (const name of readdirSync(cache)) {
    const file = join(cache, name);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"main"', '"kept"'));
  }
  t.is(await placeOf(), 'kept:10');
  compile(20);
  t.is(await placeOf(), 'main:20');
});
