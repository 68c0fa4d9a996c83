/** Leaks by line are those that Valgrind's memcheck reports. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { newFolder } from '../folders.js';
import { program } from '../places.js';
import { installed, where } from '../where.js';
import { run, snapshotOf, trace } from './harness.js';
import { linesOf } from './lines.js';

interface Leak {
  readonly blocks: number;
  readonly bytes: number;
}

/** By line of the file: the innermost frame in it, summed over memcheck's records of every kind of leak. */
const memcheckLeaks = (xml: string, file: string): Readonly<Record<number, Leak>> => {
  const leaks: Record<number, Leak> = {};
  for (const [error] of xml.matchAll(/<error>[\s\S]*?<\/error>/g)) {
    const bytes = Number(/<leakedbytes>(\d+)</.exec(error)?.[1] ?? 0);
    const blocks = Number(/<leakedblocks>(\d+)</.exec(error)?.[1] ?? 0);
    const frame = [...error.matchAll(/<file>([^<]*)<\/file>\s*<line>(\d+)</g)].find(
      ([, name]) => basename(name) === file,
    );
    if (!frame || blocks === 0) continue;
    const line = Number(frame[2]);
    const { blocks: before, bytes: bytesBefore } = leaks[line] ?? { blocks: 0, bytes: 0 };
    leaks[line] = { blocks: before + blocks, bytes: bytesBefore + bytes };
  }
  return leaks;
};

where(installed('valgrind'))('the leaks of a C program by line are those of memcheck', async (t) => {
  const xml = join(newFolder(), 'memcheck.xml');
  const command = [program('leaky'), '500'];
  const options = ['--leak-check=full', '--show-leak-kinds=all', '--xml=yes', `--xml-file=${xml}`];
  await run(['valgrind', ...options, ...command]);
  const theirs = memcheckLeaks(readFileSync(xml, 'utf8'), 'leaky.c');
  const ours = Object.fromEntries(
    Object.entries(linesOf(snapshotOf(await trace(command)), 'leaky.c'))
      .filter(([, { liveBlocks }]) => liveBlocks > 0)
      .map(([line, { liveBlocks, liveBytes }]) => [line, { blocks: liveBlocks, bytes: liveBytes }]),
  );
  t.deepEqual(ours, theirs);
  t.is(Object.keys(ours).length, 3);
});
