/** Processes that announce themselves to the drain core at the worst moment; announced.c states what must be seen. */
import test from 'ava';
import { run, succeeded } from './support.js';

test('a child that executes at once, on a busy machine, keeps the counts of both of its images', async (t) => {
  t.deepEqual(await run('native/sanitized/announced', 'overtaken'), succeeded);
});

test('two images of one pid that are seen at once keep their order, however late others were', async (t) => {
  t.deepEqual(await run('native/sanitized/announced', 'together'), succeeded);
});

test('a shell that becomes another program, which is over at once, was replaced and not killed', async (t) => {
  t.deepEqual(await run('native/sanitized/announced', 'brief'), succeeded);
});

test('a process that began late and ended just before the session did is not left out', async (t) => {
  t.deepEqual(await run('native/sanitized/announced', 'late'), succeeded);
});

test('a child in a pid namespace of its own is not forgotten while it announces itself', async (t) => {
  t.deepEqual(await run('native/sanitized/announced', 'stranger'), succeeded);
});

test('a process that is killed while it announces itself leaves its place to others', async (t) => {
  t.deepEqual(await run('native/sanitized/announced', 'died'), succeeded);
});

test('a short process of another pid namespace does not end the trace of the one that has its number here', async (t) => {
  t.deepEqual(await run('native/sanitized/announced', 'namesake'), succeeded);
});

test('a process whose shared memory the daemon cannot see is told of as one that was not traced', async (t) => {
  t.deepEqual(await run('native/sanitized/announced', 'elsewhere'), succeeded);
});

test('a process that starts while the daemon has no descriptor left is read once there is one', async (t) => {
  t.deepEqual(await run('native/sanitized/announced', 'scarce'), succeeded);
});
