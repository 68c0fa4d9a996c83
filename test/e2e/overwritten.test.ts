/** Stacks whose outer part was written over while the program allocates. */
import test from 'ava';
import { program } from '../places.js';
import { snapshotOf, trace } from './harness.js';

test('a stack that was written over further out ends there, and names no Python code that never ran', async (t) => {
  const { frames, stacks, sites, capture } = snapshotOf(await trace([program('overwritten')], ['-q']));
  const site = sites.find(({ totalBytes }) => totalBytes === 4711);
  const names: (string | null)[] = [];
  for (let at = site?.stack ?? -1; at >= 0; at = stacks[at].parent)
    names.push(frames[stacks[at].frame].function);
  t.deepEqual(names, ['allocate', 'overwrite']);
  t.is(capture.truncatedStacks, 1);
});
