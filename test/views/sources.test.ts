/** The source text in a snapshot, where there is more than there is room for. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { sourcesOf } from '../../daemon/snapshot/sources.js';
import type { Frame } from '../../proto/snapshot.js';
import type { Profile } from '../../views/profile.js';
import { sitesOf } from '../../views/sites.js';
import { newFolder } from '../folders.js';

const folder = newFolder();

/** A stack of one frame, and a site, for each of these lines. */
const profileOf = (lines: readonly { file: string; line: number; bytes: number }[]): Profile => ({
  modules: [{ path: '/app', buildId: null }],
  frames: lines.map(
    ({ file, line }): Frame => ({
      function: `f${line}`,
      file,
      line,
      module: 0,
      offset: line,
      language: 'native',
      inlined: false,
    }),
  ),
  stacks: {
    count: lines.length,
    parent: new Int32Array(lines.length).fill(-1),
    frame: Int32Array.from(lines.keys()),
  },
  sites: sitesOf(
    lines.map(({ bytes }, stack) => ({
      stack,
      kind: 'heap',
      ...{ liveBytes: bytes, liveBlocks: 1, totalBytes: bytes, totalBlocks: 1 },
      ...{ peakBytes: bytes, peakBlocks: 1, temporaryBlocks: 0 },
    })),
  ),
});

test('the lines of the largest rows have their text, however many small ones and missing files there are', (t) => {
  const [large, small] = [join(folder, 'large.c'), join(folder, 'small.c')];
  writeFileSync(large, 'int large;\n');
  writeFileSync(small, 'int small;\n'.repeat(30_000));
  const rows = (file: string) => Array.from({ length: 30_000 }, (_, i) => ({ file, line: i + 1, bytes: 1 }));
  const sources = sourcesOf(
    profileOf([...rows('/nowhere/missing.c'), ...rows(small), { file: large, line: 1, bytes: 1000 }]),
  );
  t.deepEqual(sources[large], [{ line: 1, text: 'int large;' }]);
  t.false('/nowhere/missing.c' in sources);
  const kept = Object.values(sources).reduce((all, lines) => all + lines.length, 0);
  t.true(kept > 19_990 && kept <= 20_000, `${kept}`);
});

test('a source that is no UTF-8 has its letters, and Windows line ends are no part of a line', (t) => {
  const file = join(folder, 'latin.c');
  writeFileSync(file, Buffer.from('int a; // Größe\r\nint b;\r\n', 'latin1'));
  t.deepEqual(sourcesOf(profileOf([{ file, line: 1, bytes: 10 }]))[file], [
    { line: 1, text: 'int a; // Größe' },
    { line: 2, text: 'int b;' },
  ]);
});
