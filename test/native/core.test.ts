/** The drain core against a model of what the program did, under the sanitizers and Valgrind. */
import test from 'ava';
import { run, runUnderValgrind, succeeded } from './support.js';

test('counts are exact however the rings of several threads are interleaved', async (t) => {
  t.deepEqual(await run('native/order', '1', '2000'), succeeded);
});

test('a block is as old as it is: not as the one before it at its place, nor as before its realloc', async (t) => {
  t.deepEqual(await run('native/sanitized/ages'), succeeded);
});

test('a block is as old as it is after a millisecond and after ten thousand years', async (t) => {
  t.deepEqual(await run('native/sanitized/births'), succeeded);
});

test('stacks with names are those of the program, with what is inlined in between', async (t) => {
  t.deepEqual(await run('native/sanitized/naming'), succeeded);
});

test('reading events never touches memory that is not its own', async (t) => {
  t.deepEqual(await run('native/sanitized/order', '5000', '200'), succeeded);
  t.deepEqual(await run('native/sanitized/crowded', '1', '200'), succeeded);
  t.deepEqual(await run('native/sanitized/peak', '1', '20'), succeeded);
  t.deepEqual(await runUnderValgrind('native/order', '7000', '10'), succeeded);
});

test('the peak of a program whose threads hand blocks on is not the sum of what passed, and is shown per site', async (t) => {
  t.deepEqual(await run('native/peak', '1', '200'), succeeded);
});

test('a program that scribbles on its segment harms neither the daemon nor other programs', async (t) => {
  t.deepEqual(await run('native/corrupt', '1', '300'), succeeded);
  t.deepEqual(await run('native/sanitized/corrupt', '1000', '100'), succeeded);
});

test('a program killed with -9 keeps what was in its rings', async (t) => {
  t.deepEqual(await run('native/sanitized/lifecycle', 'killed'), succeeded);
});

test('a thread stopped for long in the middle of a call does not spoil the counts', async (t) => {
  t.deepEqual(await run('native/sanitized/lifecycle', 'late'), succeeded);
});

test('a thread that dies in the middle of a call does not keep what other threads did from being counted', async (t) => {
  t.deepEqual(await run('native/sanitized/lifecycle', 'overdue'), succeeded);
});

test('a free whose event was dropped is lost, and not also a free', async (t) => {
  t.deepEqual(await run('native/sanitized/lifecycle', 'dropped'), succeeded);
});

test('a free that a thread without a ring lost ends its block when the address comes again', async (t) => {
  t.deepEqual(await run('native/sanitized/lifecycle', 'dropped-without-ring'), succeeded);
});

test('a realloc that a signal handler left by longjmp does not spoil what the only thread does next', async (t) => {
  t.deepEqual(await run('native/sanitized/lifecycle', 'abandoned'), succeeded);
});

test('what ended processes of a long build leave does not fill the memory, and comes back as it was', async (t) => {
  t.deepEqual(await run('native/archive', 'file'), succeeded);
  t.deepEqual(await run('native/sanitized/archive', 'no-folder'), succeeded);
  t.deepEqual(await run('native/sanitized/archive', 'full-disk'), succeeded);
});

test('a forked child does not answer for what it inherited', async (t) => {
  t.deepEqual(await run('native/sanitized/lifecycle', 'forked'), succeeded);
});

test('a program that replaces itself by exec ends with its own counts', async (t) => {
  t.deepEqual(await run('native/sanitized/lifecycle', 'execed'), succeeded);
});

test('a process whose pid another one has by now is over, and no other', async (t) => {
  t.deepEqual(await run('native/sanitized/lifecycle', 'reused'), succeeded);
});

test('five thousand short processes fit in memory', async (t) => {
  t.deepEqual(await run('native/lifecycle', 'many', '5000'), succeeded);
});

test('many sizes from many stacks fit in memory', async (t) => {
  t.deepEqual(await run('native/bounded', 'sizes'), succeeded);
  t.deepEqual(await run('native/bounded', 'more-sizes'), succeeded);
});

test('large blocks far apart do not blow the daemon up', async (t) => {
  t.deepEqual(await run('native/bounded', 'large'), succeeded);
});

test('a heap that moves through the address space does not blow the daemon up', async (t) => {
  t.deepEqual(await run('native/bounded', 'moving'), succeeded);
});

test('counts stay exact after the tickets of an address began again at 0', async (t) => {
  t.deepEqual(await run('native/bounded', 'wrap'), succeeded);
});

test('who asks while events are read disturbs nobody', async (t) => {
  t.deepEqual(await run('native/sanitized/asking'), succeeded);
  t.deepEqual(await run('native/threaded/asking'), succeeded);
});
