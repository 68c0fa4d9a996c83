/** Single live blocks of a Python program, by `memtrace report --block`. */
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { BlockList } from '../../proto/snapshot.js';
import { run, start } from '../launcher/support.js';
import { MEMTRACE } from '../places.js';
import { inFolder, interpreters, scriptPath } from './support.js';

const [first] = interpreters();
const script = scriptPath('blocks.py');
const FIRST_SIZE = 100_000;
const COUNT = 300;
const KEPT = 256;

const blocksIn = async (file: string, ...options: readonly string[]): Promise<BlockList> => {
  const { code, stdout, stderr } = await run(MEMTRACE, ['report', file, '--block', '--json', ...options]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
};

const sizes = (blocks: BlockList['blocks']): readonly number[] => blocks.map(({ bytes }) => bytes);
const own = ({ blocks }: BlockList): BlockList['blocks'] =>
  blocks.filter(({ frames }) => frames.some(({ file }) => file === script));

/** What blocks.py keeps: FIRST_SIZE + i for each i below COUNT. */
const expected = Array.from({ length: KEPT }, (_, i) => FIRST_SIZE + COUNT - 1 - i);

/** The interpreter has a few large blocks of its own. */
const isLargest = (t: ExecutionContext, list: BlockList) => {
  t.is(list.blocks.length, KEPT);
  t.true(own(list).length > KEPT - 10);
  t.deepEqual(sizes(own(list)), expected.slice(0, own(list).length));
  t.deepEqual(
    sizes(list.blocks),
    [...sizes(list.blocks)].sort((a, b) => b - a),
  );
  t.true(list.liveBlocks > COUNT);
};

if (first) {
  test('the largest blocks that a program leaves alive are named, each with its lines', async (t) => {
    await inFolder(async (folder) => {
      const file = join(folder, 'a.json');
      const { code, stderr } = await run(MEMTRACE, ['run', '-o', file, '--', first.path, script, 'end']);
      t.is(code, 0, stderr);
      const list = await blocksIn(file, '--limit', '0');
      isLargest(t, list);
      const { frames } = own(list)[0];
      t.deepEqual(
        frames.filter(({ file: at }) => at === script).map(({ source }) => source),
        ['keep.append(bytearray(size - 1))', 'make(order(COUNT))'],
      );
      t.false(frames.some(({ function: name }) => /^_?Py/.test(name ?? '')));
    });
  });

  test('of a running program the blocks that live at that moment are named', async (t) => {
    await inFolder(async (folder) => {
      const file = join(folder, 'a.json');
      const program = start(MEMTRACE, ['run', '--no-output', '--', first.path, script, 'wait']);
      const [, pid] = await program.said(/^end (\d+)$/m);
      const { code, stderr } = await run(MEMTRACE, ['dump', pid, '-o', file]);
      t.is(code, 0, stderr);
      program.process.stdin?.end('\n');
      t.is((await program.outcome).code, 0);
      isLargest(t, await blocksIn(file, '--limit', '0'));
      t.deepEqual(
        sizes((await blocksIn(file, '--limit', '3', '--filter', 'file:blocks.py')).blocks),
        expected.slice(0, 3),
      );
      t.deepEqual((await blocksIn(file, '--kind', 'python')).blocks, []);
    });
  });
}
