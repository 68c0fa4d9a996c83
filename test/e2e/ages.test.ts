/**
 * How old live blocks are, in snapshots of a running program and at its end. The program makes some, waits to be
 * looked at, then makes others: what came between two looks is younger than what was there at the first.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { findSession } from '../../daemon/session/find.js';
import type { DaemonMessage, Table } from '../../proto/messages.js';
import type { Snapshot } from '../../proto/snapshot.js';
import { connectDaemon } from '../../tui/client.js';
import { newFolder } from '../folders.js';
import { MEMTRACE, program } from '../places.js';
import { run } from './harness.js';

/** Of whole milliseconds, either of which may have been rounded. */
const ROUNDING_MS = 1;

const ageOf = (snapshot: Snapshot, bytes: number): number => {
  const block = snapshot.blocks?.find((each) => each.bytes === bytes);
  if (block?.ageMs === undefined) throw new Error(`no block of ${bytes} bytes has an age`);
  return block.ageMs;
};

test('a block that was freed and made again, or reallocated, is as young as its last allocation', async (t) => {
  const folder = newFolder();
  const fileOf = (name: string): string => join(folder, `${name}.json`);
  const read = (name: string): Snapshot => JSON.parse(readFileSync(fileOf(name), 'utf8'));
  const child = spawn(MEMTRACE, ['run', '-o', fileOf('end'), '--', program('ages')], {
    stdio: ['pipe', 'pipe', 'ignore'],
    cwd: folder,
  });
  t.teardown(() => child.kill());
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const look = async (name: string): Promise<Snapshot> => {
    const { code, stderr } = await run([MEMTRACE, 'dump', pid, '-o', fileOf(name)]);
    t.is(code, 0, stderr);
    return read(name);
  };
  const { value: pid } = await lines.next();
  const first = await look('first');
  const second = await look('second');
  child.stdin.write('go on\n');
  await lines.next();
  const third = await look('third');
  child.stdin.write('end\n');
  t.is(await ended, 0);
  const end = read('end');

  const lived = ageOf(second, 5000) - ageOf(first, 5000);
  t.true(lived > 0, 'it gets older');
  for (const [what, bytes] of [
    ['made again', 6000],
    ['reallocated', 7000],
  ] as const)
    for (const snapshot of [third, end]) {
      const younger = ageOf(snapshot, 5000) - ageOf(snapshot, bytes);
      t.true(younger + ROUNDING_MS >= ageOf(second, 5000), `${what}: ${younger} ms younger`);
    }
  t.true(ageOf(end, 5000) > ageOf(third, 5000), 'until the end');

  const report = await run([MEMTRACE, 'report', fileOf('end'), '--block', '--limit', '3']);
  t.regex(report.stdout, /^ {2}6\.8 KiB \(7,000 bytes\) at 0x[0-9a-f]+, malloc, \d.* old$/m);
});

/** Of the program's own line that makes blocks: all whose stacks go through `make`. */
const follow = async (pid: string) => {
  let newest: Table | undefined;
  let key: number | undefined;
  let told = (): void => {};
  const hear = (message: DaemonMessage): void => {
    if (message.type === 'update' && message.id === 1 && message.table?.view === 'functions')
      key = message.table.rows.find((row) => row.function === 'make')?.key;
    if (message.type === 'update' && message.id === 2 && message.table) newest = message.table;
    told();
  };
  const link = await connectDaemon(findSession(pid).socket, 'test', { hear, onLost: () => told() });
  const query = { process: 'main', sort: 'live', order: 'descending', kind: 'heap', limit: 100 } as const;
  /** Every message is looked at once; a second without any is one, too. */
  const until = async <T>(look: () => T | undefined): Promise<T> => {
    for (let tries = 0; tries < 100; tries += 1) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        told = resolve;
        setTimeout(resolve, 1000);
      });
    }
    throw new Error(`it did not come; the last was ${JSON.stringify(newest)}`);
  };
  const blocksThat = (isIt: (table: BlocksTable) => boolean): Promise<BlocksTable> =>
    until(() => (newest?.view === 'blocks' && isIt(newest) ? newest : undefined));
  link.send({ type: 'subscribe', id: 1, view: 'functions', intervalMs: 100, ...query });
  const line = await until(() => key);
  const within = { view: 'functions', key: line } as const;
  link.send({ type: 'subscribe', id: 2, view: 'blocks', within, intervalMs: 100, ...query });
  return { blocksThat, close: link.close };
};

type BlocksTable = Extract<Table, { readonly view: 'blocks' }>;

const blocksIn = (classes: readonly { readonly liveBlocks: number }[]): number =>
  classes.reduce((sum, { liveBlocks }) => sum + liveBlocks, 0);

test('who looks into a line sees how old and how large its live blocks are, to the end', async (t) => {
  const child = spawn(MEMTRACE, ['run', '--no-output', '--', program('ages')], {
    stdio: ['pipe', 'pipe', 'ignore'],
    cwd: newFolder(),
  });
  t.teardown(() => child.kill());
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { value: pid } = await lines.next();
  const { blocksThat, close } = await follow(pid);
  const sizesOf = ({ sizes }: BlocksTable) => sizes.map(({ bytes, liveBlocks }) => [bytes, liveBlocks]);

  // They get older while the program does nothing.
  const first = await blocksThat(({ ages }) => (ages[0]?.fromMs ?? 0) >= 1000);
  t.is(blocksIn(first.ages), 61);
  t.deepEqual(sizesOf(first), [
    [32, 60],
    [4096, 1],
  ]);
  child.stdin.write('go on\n');
  await lines.next();
  const second = await blocksThat(({ ages }) => blocksIn(ages) === 101);
  // Those of the first time that still live have not become young again.
  const old = second.ages.filter(({ fromMs }) => fromMs >= 1000);
  t.true(blocksIn(old) >= 61, JSON.stringify(second.ages));
  t.deepEqual(sizesOf(second), [
    [32, 100],
    [4096, 1],
  ]);
  child.stdin.write('end\n');
  t.is(await ended, 0);
  const last = await blocksThat(() => true);
  t.is(blocksIn(last.ages), 101, 'what lived at the end');
  close();
});
