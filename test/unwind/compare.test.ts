/** Every stack as libgcc's unwinder sees it, on programs that try to lead astray and on real ones. */
import test from 'ava';
import { OLD_LOADER } from '../mutation.js';
import { installed, where, x86_64 } from '../where.js';
import { realPrograms } from './programs.js';
import {
  buildComparison,
  buildLazy,
  buildProgram,
  type Comparison,
  compare,
  removeFolder,
} from './support.js';

const preload = buildComparison('compare');
test.after.always(removeFolder);

const builds = [['-O0'], ['-O2'], ['-O2', '-fno-omit-frame-pointer'], ['-O3', '-fcf-protection']] as const;

for (const flags of builds) {
  test(`a random call graph built with ${flags.join(' ')} has the right stack at every allocation`, async (t) => {
    const program = await buildProgram('random_calls', ...flags);
    const found = await compare(await preload, [program, '1', '40', '2']);
    t.is(found.mismatches, 0);
    t.is(found.truncated, 0);
    t.true(found.checked > 100_000, `only ${found.checked} stacks were seen`);
    t.true(found.afresh < found.checked / 4, 'most walks were to be incremental');
  });

  for (const name of ['stale_slots', 'stale_paths'])
    test(`return addresses left over from earlier calls mislead nobody: ${name} built with ${flags.join(' ')}`, async (t) => {
      const program = await buildProgram(name, ...flags);
      const found = await compare(await preload, [program, '50000']);
      t.is(found.mismatches, 0);
      t.is(found.truncated, 0);
      t.true(found.checked >= 50_000);
    });
}

for (const flags of builds.slice(0, 3))
  test(`recursions deeper than a stack is told have both of its ends: ${flags.join(' ')}`, async (t) => {
    const found = await compare(await preload, [await buildProgram('deep', ...flags), '1', '15000']);
    t.is(found.mismatches, 0);
    t.is(found.afresh, 0, 'such stacks are remembered, too');
    t.true(found.truncated > 500, `only ${found.truncated} stacks were deep`);
  });

for (const first of ['0', '1'])
  for (const flags of [['-O2', '-DSAVE_FP'], ['-O2', '-fno-omit-frame-pointer'], ['-O0']])
    test(`frames of a stack that was made smaller are not looked at: ${flags.join(' ')}, ${first}`, async (t) => {
      const program = await buildProgram('smaller_stacks', ...flags);
      const found = await compare(await preload, [program, first]);
      t.is(found.mismatches, 0);
      t.true(found.checked >= 16);
    });

test('where the loader does not find modules (an old glibc), the list of our own does', async (t) => {
  const listed = await buildComparison('own-list', OLD_LOADER);
  for (const [source, ...words] of [
    ['random_calls', '1', '5', '2'],
    ['stale_slots', '10000'],
  ] as const) {
    const found = await compare(listed, [await buildProgram(source, '-O2'), ...words]);
    t.is(found.mismatches, 0);
    t.is(found.truncated, 0);
    t.true(found.checked >= 10_000, `only ${found.checked} stacks were seen`);
  }
});

test('functions that a signal interrupts anywhere have the right stack', async (t) => {
  const program = await buildProgram('interrupted', '-O2');
  const found = await compare(await preload, [program, '500']);
  t.is(found.mismatches, 0);
  t.true(found.checked >= 500);
});

for (const flags of builds) {
  const how = flags.join(' ');
  for (const place of ['mapped', 'static', 'large', 'realigned'])
    test(`a stack goes on where its outer frames lie elsewhere: ${place}, built with ${how}`, async (t) => {
      const program = await buildProgram('elsewhere', ...flags);
      const found = await compare(await preload, [program, place]);
      t.is(found.mismatches, 0);
      t.is(found.truncated, 0);
      t.true(found.checked > 200);
      if (place !== 'large') t.is(found.afresh, 0); // a frame that large fits no rule
    });

  where(x86_64)(
    `a stack goes on while it is left by a longjmp, or lent to a child: built with ${how}`,
    async (t) => {
      const program = await buildProgram('leaps', ...flags);
      const found = await compare(await preload, [program]);
      t.is(found.mismatches, 0);
      t.is(found.truncated, 0);
      t.true(found.checked > 1000, `only ${found.checked} stacks were seen`);
    },
  );
}

where(x86_64)('a stub of the linkage table that is interrupted does not end the stack', async (t) => {
  const program = await buildProgram('stub', '-O2', '-fomit-frame-pointer');
  const found = await compare(await preload, [program]);
  t.is(found.mismatches, 0);
  t.is(found.truncated, 0);
  t.is(found.further, 1200); // libgcc's stops there
});

where(x86_64)('a coroutine has the stack of whoever resumed it, where information leads there', async (t) => {
  const program = await buildProgram('coroutine', '-O2');
  const found = await compare(await preload, [program]);
  t.is(found.mismatches, 0);
  t.is(found.truncated, 0);
  t.true(found.checked > 100);
});

test('allocations inside the lazy binding resolver have the right stack at each of its instructions', async (t) => {
  const { program, env } = await buildLazy('-O2');
  const found = await compare(await preload, [program], env);
  t.is(found.mismatches, 0);
  t.is(found.truncated, 0);
  t.true(found.checked > 1000, `only ${found.checked} stacks were seen`);
});

for (const { name, needs, command, env, slow } of realPrograms) {
  if (slow) continue; // millions.ts
  where(installed(needs))(`${name} has the right stack at every allocation`, async (t) => {
    const found: Comparison = await compare(await preload, command(), env);
    t.is(found.mismatches, 0);
    t.is(found.truncated, 0);
    t.true(found.checked > 1000, `only ${found.checked} stacks were seen`);
  });
}
