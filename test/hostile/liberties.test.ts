/** Calls that no standard promises to bear: what the C library bears, the shim does, too. */
import test, { type ExecutionContext } from 'ava';
import { build, run, trace } from './support.js';

/** The witness would have to bear them, too: the program's own statement has to do. */
const fares = async (t: ExecutionContext, name: string) => {
  const command = [await build('liberties.c'), name];
  const bare = await run(command);
  t.is(bare.code, 0);
  const traced = await trace(command);
  const { code, stdout, stderr } = traced;
  t.deepEqual({ code, stdout, stderr }, bare);
  return traced;
};

test('assembly that calls malloc with its stack 8 bytes off: it runs as ever, and is counted', async (t) => {
  const { main, snapshots } = await fares(t, 'askew');
  t.true(main.capture.allocations >= 9000);
  t.is(snapshots.length, 2);
});
