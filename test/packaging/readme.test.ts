/** The commands of the README, run: what they print is what it shows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from '../places.js';
import { attempt, temporaryFolder } from './support.js';

/** What is the same in every run: not times, pids, resident memory and what libraries allocate for themselves. */
const certain = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) =>
      /^ {2}(allocations|frees|temporary) |requests|leaky-cache\.cpp:|^ {20,}\S|^Live, by/.test(line),
    )
    .map((line) => line.trim());

test('what the README shows is what memtrace prints', (t) => {
  const folder = temporaryFolder(t);
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const examples = [...readme.matchAll(/^\$ memtrace (.*)\n((?:(?!\$ |```).*\n)*)/gm)];
  t.is(examples.length, 3);
  for (const [, command = '', shown = ''] of examples) {
    const args = command.split(' ').map((word) => (word.endsWith('.json') ? join(folder, word) : word));
    const { status, stdout, stderr } = attempt(ROOT, join(ROOT, 'bin/memtrace'), ...args);
    t.is(status, 0, stderr);
    t.deepEqual(certain(`${stdout}${stderr}`), certain(shown), `memtrace ${command}`);
  }
});
