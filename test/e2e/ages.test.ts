/**
 * How old live blocks are, in snapshots of a running program and at its end. The program makes some, waits to be
 * looked at, then makes others: what came between two looks is younger than what was there at the first.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import type { Snapshot } from '../../proto/snapshot.js';
import { MEMTRACE, newFolder, program, removeFolders, run } from './harness.js';

test.after.always(removeFolders);

/** Of whole milliseconds, either of which may have been rounded. */
const ROUNDING_MS = 1;

const ageOf = (snapshot: Snapshot, bytes: number): number => {
  const block = snapshot.blocks?.find((each) => each.bytes === bytes);
  if (block?.ageMs === undefined) throw new Error(`no block of ${bytes} bytes has an age`);
  return block.ageMs;
};

test('a block that was freed and made again, or reallocated, is as young as its last allocation', async (t) => {
  const folder = newFolder();
  const fileOf = (name: string): string => join(folder, `${name}.json`);
  const read = (name: string): Snapshot => JSON.parse(readFileSync(fileOf(name), 'utf8'));
  const child = spawn(MEMTRACE, ['run', '-o', fileOf('end'), '--', program('ages')], {
    stdio: ['pipe', 'pipe', 'ignore'],
    cwd: folder,
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const look = async (name: string): Promise<Snapshot> => {
    const { code, stderr } = await run([MEMTRACE, 'dump', pid, '-o', fileOf(name)]);
    t.is(code, 0, stderr);
    return read(name);
  };
  const { value: pid } = await lines.next();
  const first = await look('first');
  const second = await look('second');
  child.stdin.write('go on\n');
  await lines.next();
  const third = await look('third');
  child.stdin.write('end\n');
  t.is(await ended, 0);
  const end = read('end');

  const lived = ageOf(second, 5000) - ageOf(first, 5000);
  t.true(lived > 0, 'it gets older');
  for (const [what, bytes] of [
    ['made again', 6000],
    ['reallocated', 7000],
  ] as const)
    for (const snapshot of [third, end]) {
      const younger = ageOf(snapshot, 5000) - ageOf(snapshot, bytes);
      t.true(younger + ROUNDING_MS >= ageOf(second, 5000), `${what}: ${younger} ms younger`);
    }
  t.true(ageOf(end, 5000) > ageOf(third, 5000), 'until the end');

  const report = await run([MEMTRACE, 'report', fileOf('end'), '--block', '--limit', '3']);
  t.regex(report.stdout, /^ {2}6\.8 KiB \(7,000 bytes\) at 0x[0-9a-f]+, malloc, \d.* old$/m);
});
