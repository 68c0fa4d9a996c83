/** `dump --diff` of two runs, and of two moments of one run of a server. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Diff } from '../../proto/snapshot.js';
import { newFolder } from '../folders.js';
import { MEMTRACE, program } from '../places.js';
import { until } from '../until.js';
import { installed, where } from '../where.js';
import { run, trace } from './harness.js';

const diff = async (...args: readonly string[]): Promise<Diff> => {
  const ran = await run([MEMTRACE, 'dump', '--diff', ...args, '--json']);
  return JSON.parse(ran.stdout);
};

test('two runs with different N differ in the three leaking lines, by exactly that much', async (t) => {
  const [small, large] = [await trace([program('leaky'), '1000']), await trace([program('leaky'), '3000'])];
  const files = [`${small.folder}/t.json`, `${large.folder}/t.json`];
  const found = await diff(...files);
  t.is(found.schema, 'memtrace.diff/1');
  t.deepEqual(
    found.rows.map(({ function: name, line, bytes, blocks }) => [name, line, bytes.delta, blocks.delta]),
    [
      ['leak_c', 10, 200_000, 200],
      ['leak_a', 8, 128_000, 2000],
      ['leak_b', 9, 128_000, 1000],
    ],
  );
  t.is(found.totals.delta, 456_000);
  t.is((await run([MEMTRACE, 'dump', '--diff', ...files, '--exit-code'])).code, 1, 'it grew');
  t.is((await run([MEMTRACE, 'dump', '--diff', files[1], files[0], '--exit-code'])).code, 0, 'it shrank');
  const text = await run([MEMTRACE, 'dump', '--diff', ...files]);
  t.regex(text.stdout, /leaky\.c:8/);
});

const whereRedisIs = where(installed('redis-server', 'redis-cli', 'redis-benchmark'));

whereRedisIs('two moments of a running server show what it took in between', async (t) => {
  const folder = newFolder();
  const socket = join(folder, 'redis.sock');
  const options = ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder];
  const server = spawn(MEMTRACE, ['run', '-o', join(folder, 'end.json'), '--', 'redis-server', ...options], {
    stdio: 'ignore',
    cwd: folder,
  });
  const ended = new Promise<number | null>((resolve) => server.on('close', resolve));
  const redis = (...args: readonly string[]) => run(['redis-cli', '-s', socket, ...args]);
  try {
    await until(() => existsSync(socket));
    await until(async () => (await redis('ping')).stdout.trim() === 'PONG');
    const pid = /process_id:(\d+)/.exec((await redis('info', 'server')).stdout)?.[1] ?? '';
    const dump = (name: string) => run([MEMTRACE, 'dump', pid, '-o', join(folder, name)]);
    await until(async () => (await dump('before.json')).code === 0);
    const bench = await run([
      'redis-benchmark',
      '-s',
      socket,
      '-q',
      '-n',
      '2000',
      '-r',
      '100000',
      '-t',
      'set',
      '-d',
      '100',
    ]);
    t.is(bench.code, 0);
    t.is((await dump('after.json')).code, 0);
    const keys = Number((await redis('dbsize')).stdout);
    const found = await diff(join(folder, 'before.json'), join(folder, 'after.json'));
    t.true(found.totals.delta >= keys * 100, `${found.totals.delta} bytes for ${keys} values of 100`);
    t.true(found.rows.length > 0);
  } finally {
    await redis('shutdown', 'nosave');
  }
  t.is(await ended, 0);
});
