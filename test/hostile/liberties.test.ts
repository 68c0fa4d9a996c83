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

test('a program that asks for the loader’s last error before it has asked for anything: there is none', async (t) => {
  await fares(t, 'asks-the-loader');
});

test('a library whose constructor makes the first allocation under a lock of the C library’s (libgpg-error: ps, gpg): no deadlock', async (t) => {
  const library = await build('catalogue.c', 'libcatalogue.so', '-shared', '-fPIC', '-DLIBRARY');
  const command = [await build('catalogue.c', 'catalogue', library)];
  const bare = await run(command);
  t.is(bare.code, 0);
  const { code, stdout, stderr } = await trace(command, { limitMs: 20_000 });
  t.deepEqual({ code, stdout, stderr }, bare);
});

test('a mapping that is to be moved to where the program wishes: it comes to lie there', async (t) => {
  await fares(t, 'hints');
});

test('a C program that finds operator new for aligned blocks: they are aligned, and counted', async (t) => {
  const { main } = await fares(t, 'tries-operators');
  t.true(main.capture.allocations >= 3000);
  t.is(main.capture.unknownFrees, 0);
});

test('a program that unmaps what mmap did not give it: nothing of its trace is lost', async (t) => {
  const { main } = await fares(t, 'unmaps-nothing');
  t.true(main.capture.allocations >= 3000);
  t.is(main.capture.lost, 0);
});

test('a limit at an address where nothing is: it is an error, not a crash', async (t) => {
  await fares(t, 'limits-at-nowhere');
});

test('a program that overwrites the stacks it shares with memtrace: it is the trace that suffers', async (t) => {
  await fares(t, 'overwrites');
});
