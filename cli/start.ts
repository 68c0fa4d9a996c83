/**
 * What bin/memtrace hands to Node.js: starts the bundle beside it, with the machine code that V8 made of it when
 * memtrace was built, which is a fifth of what a short run costs. V8 itself refuses the code of another version of
 * Node.js or processor; then, or without that file, the bundle is compiled as ever. Nothing else is to be done here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

/** The last line of the bundle and the first bytes of the cache: they belong together. */
const STAMP_BYTES = 16;

const path = join(__dirname, 'memtrace.bundle.cjs');
const text = readFileSync(path, 'latin1');

const codeOf = (stamp: string): Buffer | undefined => {
  try {
    const cache = readFileSync(join(__dirname, 'memtrace.cache'));
    return cache.toString('latin1', 0, STAMP_BYTES) === stamp ? cache.subarray(STAMP_BYTES) : undefined;
  } catch {
    return undefined; // as after `npm pack` without a build
  }
};

const cachedData = codeOf(text.slice(-STAMP_BYTES));
// V8 keeps the name with the code: a whole path would be that of the machine that built memtrace.
const filename = 'dist/memtrace.bundle.cjs';
const script = new Script(text, { filename, ...(cachedData && { cachedData }) });
const start: (...words: readonly unknown[]) => void = script.runInThisContext();
const module = { exports: {} };
start(require, path, __dirname, module, module.exports);
