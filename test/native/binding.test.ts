import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { createCore } from '../../daemon/core.js';
import { MemtraceError } from '../../views/error.js';

const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'memtrace-core-'));

test('the files of a session can be opened by its user alone', (t) => {
  const folder = emptyFolder();
  const core = createCore(folder, { onFull: 'wait' });
  t.deepEqual(readdirSync(folder).sort(), ['control', 'registry']);
  for (const file of readdirSync(folder)) t.is(statSync(`${folder}/${file}`).mode & 0o777, 0o600);
  core.close();
  rmSync(folder, { recursive: true });
});

test('a session without programs can be drained, asked and closed', async (t) => {
  const folder = emptyFolder();
  const core = createCore(folder, { onFull: 'drop' });
  t.is(await core.drain(5), 0);
  t.deepEqual(core.processes(), []);
  t.throws(() => core.process(0), { instanceOf: RangeError });
  core.stop();
  core.close();
  rmSync(folder, { recursive: true });
});

test('closing ends a drain that runs', async (t) => {
  const folder = emptyFolder();
  const core = createCore(folder, { onFull: 'wait' });
  const drained = core.drain(600_000);
  await new Promise((resolve) => setImmediate(resolve));
  core.close();
  t.is(await drained, 0);
  rmSync(folder, { recursive: true });
});

test('a folder that is not there is refused with the reason and a remedy', (t) => {
  const error = t.throws(() => createCore('/nowhere/at/all', { onFull: 'wait' }), {
    instanceOf: MemtraceError,
  });
  t.regex(error?.why ?? '', /No such file or directory/);
  t.truthy(error?.remedy);
});
