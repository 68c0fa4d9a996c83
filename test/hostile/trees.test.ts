/** Real programs and their trees of processes: what they say is what they say untraced, and nothing is missing. */
import { join } from 'node:path';
import test from 'ava';
import { newFolder } from '../folders.js';
import { ROOT } from '../places.js';
import { run, trace } from './support.js';

const folder = newFolder();
const cases: readonly (readonly [title: string, least: number, ...command: readonly string[]])[] = [
  [
    'a shell loop with a hundred short processes',
    100,
    'bash',
    '-c',
    'for i in $(seq 50); do echo $(ls / | wc -l); done',
  ],
  [
    'a compiler with its passes',
    3,
    'gcc',
    '-O1',
    '-c',
    '-I.',
    'shim/unwind/cfi.c',
    '-o',
    join(folder, 'cfi.o'),
  ],
  [
    'make -j2 of a few files',
    8,
    'make',
    '-s',
    '-j2',
    '-f',
    join(ROOT, 'test/programs/hostile/tree.mk'),
    `OUT=${folder}`,
  ],
  [
    'perl with a child',
    3,
    'perl',
    '-e',
    'my @a = map {"x" x $_} 1..2000; print scalar(@a), "\n"; print `echo hi`',
  ],
  ['tar with its compressor', 2, 'tar', 'czf', join(folder, 'shim.tgz'), 'shim'],
  ['file, which puts itself into a sandbox', 1, 'file', '/bin/ls'],
];
for (const [title, least, ...command] of cases)
  test(title, async (t) => {
    const bare = await run(command, { cwd: ROOT });
    const { code, stdout, stderr, snapshots } = await trace(command, { cwd: ROOT });
    t.deepEqual({ code, stdout, stderr }, bare);
    t.true(snapshots.length >= least, `${snapshots.length} process images`);
    for (const { capture, process } of snapshots)
      t.deepEqual(
        { lost: capture.lost, unknown: capture.unknownFrees, untraced: capture.untracedChildren },
        { lost: 0, unknown: 0, untraced: 0 },
        process.command.join(' '),
      );
  });
