/** Recursions deeper than a stack is told: what is told of them, and that it is the same at each allocation. */
import test from 'ava';
import { program } from '../places.js';
import { trace } from './harness.js';

const LEAF = 1024;
const ROOT = 64;

/** Beyond 2,048 frames nothing is remembered, and each stack is walked afresh. */
for (const depth of [1_085, 2_000, 3_000])
  test(`a recursion ${depth} calls deep has its innermost frames, a mark, and its way from main`, async (t) => {
    const { code, snapshots } = await trace([program('depth'), `${depth}`, '3', '0.001'], ['-q']);
    t.is(code, 0);
    const [{ capture, sites, stacks, frames }] = Object.values(snapshots);
    const found = sites.filter((site) => site.totalBlocks > 1);
    t.deepEqual(
      found.map((site) => site.totalBlocks),
      [1000],
    );
    const names: (string | null)[] = [];
    for (let at = found[0].stack; at >= 0; at = stacks[at].parent)
      names.push(frames[stacks[at].frame].function);
    t.is(names.length, LEAF + 1 + ROOT);
    t.deepEqual(names.slice(0, 2), ['leaf', 'descend']);
    t.deepEqual(new Set(names.slice(1, LEAF)), new Set(['descend']));
    t.is(names[LEAF], '[frames left out]');
    t.is(names.indexOf('main'), names.lastIndexOf('descend') + 1);
    t.is(names.at(-1), '_start');
    t.is(capture.truncatedStacks, 1000);
  });

test('a recursion that is just not too deep is told in full', async (t) => {
  const { snapshots } = await trace([program('depth'), '1083', '3', '0.001'], ['-q']);
  const [{ capture, sites, stacks }] = Object.values(snapshots);
  const found = sites.filter((site) => site.totalBlocks > 1);
  let frames = 0;
  for (let at = found[0].stack; at >= 0; at = stacks[at].parent) frames += 1;
  t.is(frames, LEAF + ROOT);
  t.is(capture.truncatedStacks, 0);
});
