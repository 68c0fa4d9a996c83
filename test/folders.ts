/** Folders for what a test writes. Their names are short: a path of a socket may have 107 bytes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];
process.on('exit', () => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder of mode 0700, removed when all tests of the file have ended. */
export const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'mt-'));
  made.push(folder);
  return folder;
};
