/** Seccomp filters: whatever they kill for, it is not for a system call of ours. */
import test from 'ava';
import { build, callWitness, exact, run, trace } from './support.js';

const program = async (...args: readonly string[]): Promise<readonly string[]> => [
  await build('sandboxes.c'),
  ...args,
];

// The witness makes system calls of its own: the program's own statement has to do.
for (const [title, name] of [
  ['opening a file for writing', 'no-writing'],
  ['sharing memory', 'no-sharing'],
] as const)
  test(`a filter that kills for ${title} only: threads and children fare as untraced`, async (t) => {
    const command = await program(name);
    const bare = await run(command);
    const { code, stdout, stderr, main } = await trace(command);
    t.deepEqual({ code, stdout, stderr }, bare);
    t.is(code, 5);
    t.true(main.capture.allocations >= 1102);
    t.is(main.capture.untracedChildren, 1);
  });

test('a filter that kills for a call of ours only: programs started under it fare as untraced', async (t) => {
  const command = await program('start-programs');
  const env = { LD_PRELOAD: (await callWitness()).library };
  const bare = await run(command, { env });
  const { code, stdout, stderr, main } = await trace(command, { env });
  t.deepEqual({ code, stdout, stderr }, bare);
  t.is(stdout.split('libwitness').length, 7);
  t.is(main.capture.untracedChildren, 6); // the first was forked; the last is what the program became
});

test('whatever call a filter kills for, the program, its thread, its child and what it becomes fare as untraced', async (t) => {
  const command = await program('every-call');
  const bare = await run(command);
  const { code, stdout, stderr } = await trace(command);
  t.deepEqual({ code, stderr }, { code: bare.code, stderr: bare.stderr });
  t.deepEqual(stdout.split('\n'), bare.stdout.split('\n'));
});

for (const [title, name] of [
  ['a filter that refuses some mappings', 'no-new-code'],
  ['a program that asks whether there are filters', 'asks'],
  ['fatal filters that the system refuses', 'refused'],
  ['a fatal filter for all threads, one of which has another', 'refused-by-thread'],
] as const)
  test(`${title}: threads and children are traced as ever`, async (t) => {
    const { snapshots } = await exact(t, await program(name));
    t.is(snapshots.length, 2);
  });
