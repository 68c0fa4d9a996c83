/** The drain core as Node.js calls it: what is refused, what is closed, and who waits for whom. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { createCore } from '../../daemon/core.js';
import {
  SESSION_SHIM_LINK,
  SITE_COUNTERS,
  SITE_HEAP,
  SITE_MMAP,
  SITE_PYTHON,
} from '../../proto/generated/layout.js';
import type { SiteKind } from '../../proto/snapshot.js';
import { MemtraceError } from '../../views/error.js';
import { COUNTER_NAMES, SITE_KINDS } from '../../views/sites.js';
import { newFolder } from '../folders.js';
import { program, ROOT } from '../places.js';

test('the files of a session can be opened by its user alone', (t) => {
  const folder = newFolder();
  const core = createCore(folder, { onFull: 'wait' });
  t.deepEqual(readdirSync(folder).sort(), ['control', 'registry']);
  for (const file of readdirSync(folder)) t.is(statSync(`${folder}/${file}`).mode & 0o777, 0o600);
  core.close();
});

test('a session without programs can be drained, asked and closed', async (t) => {
  const folder = newFolder();
  const core = createCore(folder, { onFull: 'drop' });
  t.is(await core.drain(5), 0);
  t.deepEqual(core.processes(), []);
  t.throws(() => core.process(0), { instanceOf: RangeError });
  core.stop();
  core.close();
});

test('closing ends a drain that runs', async (t) => {
  const folder = newFolder();
  const core = createCore(folder, { onFull: 'wait' });
  const drained = core.drain(600_000);
  await new Promise((resolve) => setImmediate(resolve));
  core.close();
  t.is(await drained, 0);
});

/** Serial: no other test has a timer meanwhile. */
test.serial(
  'who asks a closed session is refused, whatever is asked, and no timer is left that would end it',
  async (t) => {
    const folder = newFolder();
    const core = createCore(folder, { onFull: 'wait' });
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    core.close();
    const { nowMs: _, ...rest } = core;
    const questions: Record<string, (...arguments_: never[]) => unknown> = rest;
    const numbers = [0, new Uint32Array(2), new Int32Array(2), new Int32Array(2)] as never[];
    for (const [name, ask] of Object.entries(questions))
      await t.throwsAsync(async () => ask(...numbers), { message: 'the session is over' }, name);
    await t.throwsAsync(async () => core.drain(5), { message: 'the session is over' });
    t.is(timers(), before);
  },
);

test('kinds of sites have the numbers that the core gives them', (t) => {
  t.deepEqual(
    ['heap', 'mmap', 'python'].map((kind) => SITE_KINDS.indexOf(kind as SiteKind)),
    [SITE_HEAP, SITE_MMAP, SITE_PYTHON],
  );
  t.is(COUNTER_NAMES.length, SITE_COUNTERS);
});

test('a program does not wait while the daemon makes a table or a snapshot', async (t) => {
  const folder = newFolder();
  const core = createCore(folder, { onFull: 'wait' });
  const shim = join(folder, SESSION_SHIM_LINK);
  symlinkSync(join(ROOT, 'build/libmemtrace.so'), shim);
  const drained = core.drain(1);
  // All the while nothing else happens here: two million allocations are far more than a ring holds.
  const { status } = spawnSync(program('storm'), ['1', '2'], {
    env: { LD_PRELOAD: shim },
    stdio: 'ignore',
    timeout: 60_000,
  });
  t.is(status, 0);
  t.true((await drained) > 2_000_000);
  core.close();
});

test('a folder that is not there is refused with the reason and a remedy', (t) => {
  const error = t.throws(() => createCore('/nowhere/at/all', { onFull: 'wait' }), {
    instanceOf: MemtraceError,
  });
  t.regex(error?.why ?? '', /No such file or directory/);
  t.truthy(error?.remedy);
});
