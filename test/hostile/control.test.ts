/** Control flow that breaks unwinders, shadow stacks and guards against recursion. */
import test from 'ava';
import { patience, where } from '../where.js';
import { build, type Case, exact, stacksOf, unchanged } from './support.js';

test.serial.before(async () => {
  await build('control.cpp');
});

const program = async (name: string, rounds: number): Promise<readonly string[]> => [
  await build('control.cpp'),
  name,
  String(rounds),
];

const cases: readonly (readonly [title: string, name: string, rounds: number])[] = [
  ['exceptions through many frames, caught and thrown again', 'exceptions', 2000],
  ['longjmp over frames that allocate', 'longjmps', 5000],
  ['fibers made with makecontext', 'fibers', 20_000],
  ['coroutines of C++20', 'coroutines', 5000],
  ['a recursion 20,000 deep that allocates in each frame', 'recursion', 20_000],
  ['calls that are jumps', 'tail-calls', 20_000],
  ['assembly without unwind information', 'assembly', 20_000],
  ['generated code in anonymous memory', 'generated-code', 5000],
  ['a coroutine’s stack that was made smaller, under generated code', 'shrunk-stack', 200],
  ['return addresses that lead nowhere', 'smashed', 20_000],
];
for (const [title, name, rounds] of cases)
  test(`${title}: unharmed, and counted exactly`, async (t) => {
    await exact(t, await program(name, rounds));
  });

// glibc's malloc may not be interrupted by itself, the witness' own allocator may.
const handlers: readonly (readonly [title: string, name: string])[] = [
  ['signal handlers that allocate', 'handlers'],
  ['signal handlers that allocate on an alternate stack', 'handlers-on-alternate-stack'],
  ['signal handlers that interrupt each other', 'nested-handlers'],
];
for (const [title, name] of handlers)
  test(`${title}, in the middle of malloc: every call is counted`, async (t) => {
    const setting: Case = { witness: 'bump' };
    const { main, counts } = await unchanged(t, await program(name, 3000), setting);
    const { allocations, frees, lost, unknownFrees } = main.capture;
    t.is(counts.length, 1);
    // A handler that came while a state was being made is lost as a whole: five calls, one of them a realloc, which the
    // witness counts twice.
    t.is(lost % 5, 0);
    t.is(allocations + frees + lost + lost / 5, (counts[0]?.allocations ?? 0) + (counts[0]?.frees ?? 0));
    t.is(unknownFrees, 0);
    t.true(lost < (allocations + frees) / 1000, `${lost} lost`);
  });

test('longjmp out of a signal handler that interrupted malloc: tracing goes on', async (t) => {
  const { main, counts } = await unchanged(t, await program('jump-out-of-malloc', 1000), { witness: 'bump' });
  const afterwards = main.sites.filter((site) => site.totalBytes >= 12_345 * 1000);
  t.is(
    afterwards.reduce((sum, { totalBlocks }) => sum + totalBlocks, 0),
    1000,
  );
  // A call that was left in its middle has not returned, and is not counted: one for each of the 1000 jumps at most.
  const missing = (counts[0]?.allocations ?? 0) - main.capture.allocations;
  t.true(missing >= -1000 && missing <= 1000 + main.capture.lost, `${missing} missing`);
  t.true(main.capture.lost <= 1000, `${main.capture.lost} lost`);
});

test('a deep recursion keeps the leaf side and the root', async (t) => {
  const { main } = await unchanged(t, await program('recursion', 5000));
  const [deepest] = stacksOf(main, () => true).toSorted((a, b) => b.length - a.length);
  t.is(deepest?.length, 1024 + 64 + 1);
  t.true(deepest?.slice(0, 1000).includes('descend') || deepest?.some((name) => name.includes('descend')));
  t.true(
    deepest?.slice(-4).some((name) => /start_thread|clone/.test(name)),
    deepest?.slice(-4).join(' '),
  );
  t.true(main.capture.truncatedStacks > 0);
});

const builds: readonly (readonly [title: string, ...flags: readonly string[]])[] = [
  ['O0', '-O0'],
  ['O3 without frame pointers', '-O3', '-fomit-frame-pointer'],
  ['O2 with frame pointers', '-O2', '-fno-omit-frame-pointer'],
  ['link-time optimization', '-O2', '-flto'],
  ['control-flow enforcement', '-O2', '-fcf-protection=full'],
  ['non-PIE', '-O2', '-fno-pie', '-no-pie'],
  ['clang', 'clang++', '-O2'],
  ['clang and lld-like layout', 'clang++', '-O2', '-Wl,-z,separate-code', '-Wl,--build-id=none'],
];
for (const [title, ...flags] of builds)
  test(`built with ${title}: exceptions, longjmp and fibers are counted exactly`, async (t) => {
    const built = await build('control.cpp', `control ${title}`.replaceAll(' ', '-'), ...flags);
    for (const name of ['exceptions', 'longjmps', 'fibers', 'tail-calls'])
      await exact(t, [built, name, '500']);
  });

where(patience)('a recursion 100,000 deep', async (t) => {
  await exact(t, await program('recursion', 100_000), { limitMs: 240_000 });
});
