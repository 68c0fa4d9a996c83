/** Filters, marks, trees and sources over the live service. */

import { writeFileSync } from 'node:fs';
import test from 'ava';
import { createTreeTable } from '../../daemon/server/tree.js';
import { createViews } from '../../daemon/server/views.js';
import type { Table } from '../../proto/messages.js';
import { newFolder } from '../folders.js';
import { snapshotOf } from '../views/build.js';
import { fakeSession, SITES } from './fakeSession.js';
import { type Client, connect, serve, subscription } from './support.js';

const rowsOf = (table: Table | undefined) => {
  if (!table || !('sum' in table)) throw new Error('no rows');
  return table.rows;
};

const tableOf = async (client: Client, id: number): Promise<Table> => {
  for (;;) {
    const update = await client.nextOf('update');
    if (update.id === id && update.table) return update.table;
  }
};

test('a filter leaves the rows that match, and their sum', async (t) => {
  const { server } = await serve(t);
  const client = await connect(server);
  client.send(subscription(1, { filter: 'size>1k !cache module:app', intervalMs: 0 }));
  const table = await tableOf(client, 1);
  const names = rowsOf(table).map((row) => row.function);
  t.deepEqual(names.slice(0, 1), ['read_config']);
  t.false(names.includes('cache_insert'));
  if ('sum' in table) t.is(table.sum.liveBytes, 5_200_000);
});

test('a filter that cannot be read is refused with the place of the mistake', async (t) => {
  const { server } = await serve(t);
  const client = await connect(server);
  client.send(subscription(1, { filter: 'cache modul:x' }));
  const error = await client.nextOf('error');
  t.like(error, { id: 1, code: 'malformed' });
  t.regex(error.message, /at 7: there is no modul:/);
});

test('live blocks are told by age and by size, those of one line as well as all', async (t) => {
  const { server } = await serve(t);
  const client = await connect(server);
  client.send(subscription(1, { intervalMs: 0 }));
  const lines = rowsOf(await tableOf(client, 1));
  const blocksOf = async (id: number, key?: number): Promise<Extract<Table, { view: 'blocks' }>> => {
    const within = key === undefined ? {} : { within: { view: 'lines', key } as const };
    client.send(subscription(id, { view: 'blocks', intervalMs: 0, ...within }));
    const table = await tableOf(client, id);
    if (table.view !== 'blocks') throw new Error(table.view);
    return table;
  };
  const total = (each: readonly { readonly liveBlocks: number }[]): number =>
    each.reduce((sum, { liveBlocks }) => sum + liveBlocks, 0);
  const all = await blocksOf(2);
  t.deepEqual([total(all.ages), total(all.sizes)], [1_500_023, 1_500_023]);
  const cache = lines.find((row) => row.function === 'cache_insert');
  t.deepEqual(await blocksOf(3, cache?.key), {
    view: 'blocks',
    ages: [
      { fromMs: 0, untilMs: 1000, liveBlocks: 500_000, liveBytes: 32_000_000 },
      { fromMs: 60_000, untilMs: 600_000, liveBlocks: 1_000_000, liveBytes: 64_000_000 },
    ],
    sizes: [{ bytes: 64, liveBlocks: 1_500_000, liveBytes: 96_000_000 }],
  });
  t.deepEqual(await blocksOf(4, 12_345), { view: 'blocks', ages: [], sizes: [] });
});

test('blocks get older while the program does nothing', (t) => {
  const live = fakeSession([{ sites: SITES, info: { state: 'running' } }]);
  let atMs = 0;
  const views = createViews(live, () => atMs);
  const { type: _, id: __, intervalMs: ___, ...query } = subscription(1, { view: 'blocks' });
  const before = views.stamp(query);
  atMs = 5000;
  t.not(views.stamp(query), before);
});

test('a program that makes Python objects alone is not shown as it was', async (t) => {
  const live = fakeSession([{ sites: SITES.map((site) => ({ ...site, kind: 'python' as const })) }]);
  let atMs = 0;
  const views = createViews(live, () => atMs);
  const { type: _, id: __, intervalMs: ___, ...query } = subscription(1, { view: 'tree', kind: 'payload' });
  const before = views.stamp(query);
  live.grow(2);
  atMs = 1000;
  t.not(views.stamp(query), before);
});

test('since a mark rows tell what they have grown by; the most grown can stand first', async (t) => {
  const { live, server } = await serve(t);
  const client = await connect(server);
  client.send({ type: 'mark', id: 1 });
  const { mark } = await client.nextOf('mark');
  client.send(subscription(2, { since: mark, sort: 'growth' }));
  t.deepEqual(rowsOf(await tableOf(client, 2)), []);
  live.grow(3);
  await tableOf(client, 2); // the daemon has seen it
  for (const [id, view] of [
    [3, 'lines'],
    [4, 'tree'],
  ] as const) {
    client.send(subscription(id, { view, since: mark, sort: 'growth', intervalMs: 0 }));
    const table = await tableOf(client, id);
    if (!('sum' in table)) return t.fail();
    t.is(table.sum.grownBytes, 2 * 101_205_248);
    t.is(table.rows[0]?.grownBytes, view === 'lines' ? 192_000_000 : 2 * 101_205_248);
  }
});

test('what one call keeps and another gives back cancels out in none of their callers: the tree shows both', (t) => {
  const of = (grows: number, shrinks: number) =>
    snapshotOf([
      { stack: ['/app!main@a.c:1', '/app!serve@a.c:2', '/app!grows@a.c:3'], bytes: grows },
      { stack: ['/app!main@a.c:1', '/app!serve@a.c:2', '/app!shrinks@a.c:4'], bytes: shrinks },
      { stack: ['/app!main@a.c:1', '/app!rests@a.c:5'], bytes: 7 },
    ]);
  const mark = { takenAt: '', profiles: [{ index: 0, profile: of(1000, 5000) }] };
  const tree = { direction: 'down', open: [], openBelow: [0], closed: [] } as const;
  const {
    type: _,
    id: __,
    intervalMs: ___,
    ...query
  } = subscription(1, { view: 'tree', sort: 'growth', tree });
  const rows = rowsOf(createTreeTable()(query, [{ index: 0, profile: of(5000, 1000) }], null, mark));
  t.deepEqual(
    rows.map((row) => [row.function, row.grownBytes]),
    [
      ['main', 0],
      ['serve', 0],
      ['grows', 4000],
      ['shrinks', -4000],
    ],
  );
});

test('a mark that is no longer kept is said to be missing, others stay', async (t) => {
  const { server } = await serve(t);
  const client = await connect(server);
  const marks: number[] = [];
  for (let id = 1; id <= 3; id += 1) {
    client.send({ type: 'mark', id });
    marks.push((await client.nextOf('mark')).mark);
  }
  client.send(subscription(4, { since: marks[0] ?? 0 }));
  t.like(await client.nextOf('error'), { id: 4, code: 'no-mark' });
  client.send(subscription(5, { since: marks[2] ?? 0 }));
  t.is((await client.nextOf('update')).id, 5);
});

test('growth is never told since a mark that another viewer set, which would go with it', async (t) => {
  const { server } = await serve(t);
  const [one, other] = [await connect(server), await connect(server)];
  one.send({ type: 'mark', id: 1 });
  const { mark } = await one.nextOf('mark');
  other.send(subscription(2, { since: mark }));
  t.like(await other.next(), { type: 'error', id: 2, code: 'no-mark' });
  one.send(subscription(2, { since: mark }));
  t.is((await one.nextOf('update')).id, 2);
});

test('of the tree of stacks only what is open is sent', async (t) => {
  const { server } = await serve(t);
  const client = await connect(server);
  const tree = { direction: 'down', open: [], openBelow: [], closed: [] } as const;
  client.send(subscription(1, { view: 'tree', tree, intervalMs: 0 }));
  const chain = rowsOf(await tableOf(client, 1));
  const [root] = chain;
  t.like(root, { function: 'main', state: 'open', depth: 0 }); // an only child
  t.true(chain.every((row) => !('state' in row) || row.state !== 'open' || row.depth < 3));
  client.send(subscription(4, { view: 'tree', tree: { ...tree, closed: [root?.key ?? 0] }, intervalMs: 0 }));
  t.like(rowsOf(await tableOf(client, 4)), { length: 1, 0: { state: 'closed' } });
  client.send(
    subscription(2, { view: 'tree', tree: { ...tree, openBelow: [root?.key ?? 0] }, intervalMs: 0 }),
  );
  const opened = rowsOf(await tableOf(client, 2));
  t.true(opened.length > 5);
  t.is(opened[0]?.key, root?.key);
  client.send(
    subscription(3, { view: 'tree', tree: { ...tree, direction: 'up' }, filter: 'cache', intervalMs: 0 }),
  );
  t.like(rowsOf(await tableOf(client, 3)), {
    length: 2,
    0: { function: 'cache_insert', selfBytes: 96_000_000 },
  });
});

test('stacks of a deep recursion come as far as they can be sent, the rest is counted', async (t) => {
  const deep = Array.from({ length: 800 }, (_, at) => `/app!all<${at}>@/src/deep.cpp:${at + 1}`);
  const sites = Array.from({ length: 100 }, (_, at) => ({
    stack: [...deep, `/app!leaf${at}@/src/leaf.c:${at + 1}`],
    bytes: 1000 - at,
  }));
  const { server } = await serve(t, fakeSession([{ sites }]));
  const client = await connect(server);
  client.send(subscription(1, { view: 'stacks', intervalMs: 0, limit: 100 }));
  const table = await tableOf(client, 1);
  if (table.view !== 'stacks') return t.fail();
  t.true(table.rows.length >= 50 && table.rows.length < 100);
  t.is(table.rows.length + table.omitted, 100);
  t.like(table.rows[0], { liveBytes: 1000 });
  t.is(table.sum.liveBlocks, 100);
});

test('the stacks that lead to a line, with where they are', async (t) => {
  const { server } = await serve(t);
  const client = await connect(server);
  client.send(subscription(1, { intervalMs: 0 }));
  const [line] = rowsOf(await tableOf(client, 1));
  client.send(
    subscription(2, { view: 'stacks', within: { view: 'lines', key: line?.key ?? 0 }, intervalMs: 0 }),
  );
  const table = await tableOf(client, 2);
  if (table.view !== 'stacks') return t.fail();
  t.is(table.rows.length, 1);
  t.is(table.rows[0]?.liveBytes, 96_000_000);
  t.deepEqual(table.rows[0]?.places?.[0], { file: '/home/me/src/cache.c', line: 130 });
});

test('the text of a file that the program names is given, of others not', async (t) => {
  const folder = newFolder();
  const file = `${folder}/a.c`;
  writeFileSync(file, Buffer.from('one\r\nzwei, größer\n', 'latin1'));
  writeFileSync(`${folder}/secret`, 'x');
  const { server } = await serve(
    t,
    fakeSession([{ sites: [{ stack: [`/app!main@${file}:2`, `/app!gone@${folder}/gone.c:1`], bytes: 1 }] }]),
  );
  const client = await connect(server);
  client.send({ type: 'source', id: 1, process: 'main', file });
  t.deepEqual((await client.nextOf('source')).lines, ['one', 'zwei, größer']);
  client.send({ type: 'source', id: 2, process: 'main', file: `${folder}/secret` });
  t.like(await client.nextOf('source'), { lines: null });
  client.send({ type: 'source', id: 3, process: 'main', file: `${folder}/gone.c` });
  t.regex((await client.nextOf('source')).note ?? '', /is not on this machine/);
});

test('rates come with the second look, and go when the program rests', async (t) => {
  const { live, server } = await serve(t, fakeSession([{ sites: SITES }]));
  const client = await connect(server);
  client.send(subscription(1));
  let factor = 1;
  for (;;) {
    factor += 1;
    live.grow(factor);
    const table = await tableOf(client, 1);
    const [row] = rowsOf(table);
    if (row && 'rate' in row && (row.rate?.bytesPerSecond ?? 0) > 1e6) break;
  }
  for (;;) {
    const [row] = rowsOf(await tableOf(client, 1));
    if (row && !('rate' in row)) break;
  }
  t.pass();
});

test('rows of a program that has ended do not go on allocating', async (t) => {
  const live = fakeSession([{ sites: SITES }]);
  let atMs = 0;
  const views = createViews(live, () => atMs);
  const { type: _, id: __, intervalMs: ___, ...query } = subscription(1);
  const rates = async () => rowsOf(await views.table(query)).map((row) => 'rate' in row);
  await rates();
  atMs += 500;
  live.grow(2);
  t.true((await rates()).includes(true));
  atMs += 50;
  live.end();
  t.false((await rates()).includes(true));
});
