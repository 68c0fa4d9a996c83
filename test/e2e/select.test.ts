/** `--only` and `--exclude`: which programs of the tree are traced, and that the others go on as ever. */
import { symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'ava';
import { newFolder } from '../folders.js';
import { program } from '../places.js';
import { compile, run, trace } from './harness.js';

const leaky = program('leaky');
/** The executables that were traced. */
const namesOf = ({ snapshots }: Awaited<ReturnType<typeof trace>>): readonly string[] =>
  Object.values(snapshots)
    .map(({ process }) => basename(process.executable))
    .toSorted();

const tree = ['sh', '-c', `${leaky} 100; env -i ${leaky} 300; ls / >&2; exit 5`];

test('--only: of a tree the programs of that name alone, also behind others with an empty environment', async (t) => {
  const bare = await run(tree);
  const ran = await trace(tree, ['--only', 'leaky']);
  t.deepEqual([ran.code, ran.stdout], [bare.code, bare.stdout]);
  t.deepEqual(namesOf(ran), ['leaky', 'leaky']);
  t.is(ran.snapshot?.capture.allocations, 300 + 150 + 60 + 3000); // the largest stands for the run
  t.regex(ran.stderr, /3 excluded: dash, env, ls|3 excluded: bash, env, ls/);
});

test('--exclude: all but those, with what they start', async (t) => {
  const ran = await trace(tree, ['--exclude', '*sh,ls']);
  t.is(ran.code, 5);
  t.deepEqual(namesOf(ran), ['env', 'leaky', 'leaky']);
});

test('what was excluded is not told as child processes that could not be traced', async (t) => {
  const ran = await trace(tree, ['--exclude', 'leaky,ls']);
  t.is(ran.code, 5);
  t.regex(ran.stderr, /3 excluded: leaky, ls/);
  for (const { capture } of Object.values(ran.snapshots)) t.is(capture.untracedChildren, 0);
});

test('--exclude goes before --only', async (t) => {
  const ran = await trace(tree, ['--only', 'l*', '--exclude', 'ls']);
  t.deepEqual(namesOf(ran), ['leaky', 'leaky']);
});

const called = join(newFolder(), 'called-so');
symlinkSync(leaky, called);
for (const [pattern, matches] of [
  ['leaky', true],
  ['leak', false],
  ['eaky', false],
  ['l*k?', true],
  ['*l*y*', true],
  ['called-*', true],
  ['*/programs/leaky', true],
  ['programs/leaky', false],
  ['other,leaky', true],
] as const)
  test(`the pattern ${pattern} ${matches ? 'stands' : 'does not stand'} for ${leaky}`, async (t) => {
    const ran = await trace([called, '10'], ['--only', pattern]);
    t.is(ran.code, 0);
    t.deepEqual(namesOf(ran), matches ? ['leaky'] : []);
    if (!matches) t.regex(ran.stderr, /was not traced: it was excluded/);
  });

test('what an excluded program forks is a part of it, and what it cannot trace is named all the same', async (t) => {
  const still = compile('int main(void) { return 0; }', 'c', '-static');
  const ran = await trace(['sh', '-c', `(:; :) & (:; :) & wait; ${still}; ${leaky} 1`], ['--only', 'leaky']);
  t.deepEqual(namesOf(ran), ['leaky']);
  t.regex(ran.stderr, /1 excluded: \w*sh\n/);
  t.regex(ran.stderr, /not traced: it is linked statically/);
});

test('more patterns than there is room for are refused', async (t) => {
  const ran = await trace([leaky, '1'], ['--only', 'x'.repeat(2000)]);
  t.is(ran.code, 2);
  t.regex(ran.stderr, /too many patterns/);
});
