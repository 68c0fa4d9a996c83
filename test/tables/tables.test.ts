/** The tables that all threads of a traced program share, filled by many at once. */
import test from 'ava';
import { run, succeeded } from '../native/support.js';

test('threads that meet new stacks at the same moment each get the id of their own', async (t) => {
  t.deepEqual(await run('tables/sanitized/stacks', '1', '8', '20000'), succeeded);
  t.deepEqual(await run('tables/threaded/stacks', '2', '8', '20000'), succeeded);
});

test('hundreds of threads that meet new stacks do not search full tables while one of them sleeps', async (t) => {
  t.deepEqual(await run('tables/sanitized/growth', '1', '1', '20000'), succeeded);
});

test('threads beyond what /dev/shm has room for look for a ring seldom, and leave none behind', async (t) => {
  t.deepEqual(await run('tables/sanitized/claims', '1', '8', '20000'), succeeded);
});

test('a thread that allocates and ends while another looks for a ring keeps its last events', async (t) => {
  t.deepEqual(await run('tables/sanitized/last_words', '1', '1', '1'), succeeded);
});

test('a thread that is read late waits seldom: its ring grows, and then asks to be read before it is full', async (t) => {
  t.deepEqual(await run('tables/sanitized/fill', '1', '1', '1'), succeeded);
});

test('--on-full=drop: a thread that lost events loses fewer from then on', async (t) => {
  t.deepEqual(await run('tables/sanitized/drop', '1', '1', '1'), succeeded);
});

test('code objects that come and go under many threads are never taken for dead ones at their address', async (t) => {
  t.deepEqual(await run('tables/sanitized/codes', '1', '1', '200000'), succeeded);
  t.deepEqual(await run('tables/sanitized/codes', '2', '8', '100000'), succeeded);
  t.deepEqual(await run('tables/threaded/codes', '3', '8', '30000'), succeeded);
});
