/**
 * The live service on its sockets, with a fake session whose figures the test knows: many viewers, slow ones and bad
 * ones.
 */
import { request } from 'node:http';
import { connect as dial } from 'node:net';
import test from 'ava';
import { WebSocket } from 'ws';
import { startServer } from '../../daemon/server/server.js';
import { checkSnapshot } from '../../views/check.js';
import { MemtraceError } from '../../views/error.js';
import { fakeSession, SITES } from './fakeSession.js';
import { connect, serve, subscription } from './support.js';

test('whoever looks sees the largest line first, with the figures of the whole process', async (t) => {
  const { server } = await serve(t);
  const client = await connect(server);
  client.send(subscription(7, { limit: 2 }));
  const { id, header, table } = await client.nextOf('update');
  t.is(id, 7);
  t.is(header.process?.pid, 4711);
  t.is(header.totals.liveBytes, 101_205_248);
  if (table?.view !== 'lines') return t.fail();
  t.deepEqual(
    table.rows.map((row) => [row.function, row.line, row.liveBytes]),
    [
      ['cache_insert', 130, 96_000_000],
      ['read_config', 42, 4_200_000],
    ],
  );
  t.is(table.omitted, 4);
  t.is(table.sum.liveBytes, 101_205_248);
});

test('figures that grow arrive; rows keep their keys; what did not change is not sent again', async (t) => {
  const { live, server } = await serve(t);
  const client = await connect(server);
  client.send(subscription(1));
  const first = await client.nextOf('update');
  const second = await client.nextOf('update');
  t.is(second.table, undefined);
  live.grow(3);
  let third = await client.nextOf('update');
  while (!third.table) third = await client.nextOf('update');
  if (first.table?.view !== 'lines' || third.table.view !== 'lines') return t.fail();
  t.is(third.table.rows[0]?.liveBytes, 288_000_000);
  t.is(third.table.rows[0]?.key, first.table.rows[0]?.key);
});

test('every view can be looked at, of one process and of all', async (t) => {
  const { server } = await serve(t, fakeSession([{ sites: SITES }, { sites: SITES.slice(0, 1), parent: 0 }]));
  const client = await connect(server);
  const views = [
    'lines',
    'functions',
    'files',
    'modules',
    'stacks',
    'processes',
    'threads',
    'sizes',
  ] as const;
  let id = 0;
  for (const view of views)
    for (const process of ['main', 'all', 1] as const) {
      id += 1;
      client.send(subscription(id, { view, process, intervalMs: 0 }));
      const update = await client.nextOf('update');
      t.is(update.id, id);
      t.is(update.table?.view, view);
    }
  client.send(subscription(99, { process: 'all', intervalMs: 0, filter: 'READ_CONF' }));
  const { table } = await client.nextOf('update');
  if (table?.view !== 'lines') return t.fail();
  t.deepEqual(
    table.rows.map((row) => row.liveBytes),
    [8_400_000],
  );
});

test('the smallest first, when asked for', async (t) => {
  const { server } = await serve(t);
  const client = await connect(server);
  client.send(subscription(1, { order: 'ascending', limit: 2 }));
  const { table } = await client.nextOf('update');
  if (table?.view !== 'lines') return t.fail();
  t.deepEqual(
    table.rows.map((row) => row.liveBytes),
    [512, 640],
  );
});

test('a process that does not exist is said to be missing, and the next request works', async (t) => {
  const { server } = await serve(t);
  const client = await connect(server);
  client.send(subscription(1, { process: 42 }));
  t.like(await client.nextOf('error'), { id: 1, code: 'no-process' });
  client.send({ type: 'snapshot', id: 2, process: 42 });
  t.like(await client.nextOf('error'), { id: 2, code: 'no-process' });
  client.send({ type: 'ping', id: 3 });
  t.is((await client.nextOf('pong')).id, 3);
});

test('a snapshot that is asked for over the socket is a whole one', async (t) => {
  const { server } = await serve(t);
  const client = await connect(server);
  client.send({ type: 'snapshot', id: 5, process: 'main' });
  const { snapshot } = await client.nextOf('snapshot');
  t.true(checkSnapshot(snapshot).ok);
});

test('garbage is answered, and the others do not notice', async (t) => {
  const { server } = await serve(t);
  const other = await connect(server);
  other.send(subscription(1));
  const client = await connect(server);
  client.send('}{');
  t.like(await client.nextOf('error'), { id: null, code: 'malformed' });
  client.send('{"type":"wish","id":3}');
  t.like(await client.nextOf('error'), { id: 3, code: 'unknown-type' });
  client.send('{"type":"subscribe","id":4}');
  t.like(await client.nextOf('error'), { id: 4, code: 'malformed' });
  client.send(JSON.stringify({ ...subscription(6), limit: -3 }));
  const { message } = await client.nextOf('error'); // the name of a field as the client wrote it
  t.is(message, 'Not understood: limit is not a whole number from 1 to 10000, but -3.');
  client.send({ type: 'ping', id: 5 });
  t.is((await client.nextOf('pong')).id, 5);
  for (let times = 0; times < 30; times += 1) client.send('garbage');
  t.is(await client.closed, 1008);
  t.is((await other.nextOf('update')).id, 1);
});

test('a newer client that now and then asks for what is not known here is answered as long as it likes', async (t) => {
  const clock = { ms: 0 };
  const { server } = await serve(t, { ...fakeSession([{ sites: SITES }]), nowMs: () => clock.ms });
  const client = await connect(server);
  for (let id = 1; id <= 50; id += 1) {
    clock.ms += 60_000;
    client.send(`{"type":"wish","id":${id}}`);
    t.like(await client.nextOf('error'), { id, code: 'unknown-type' });
  }
});

test('a client that talks before it says hello, in binary, too much or of another version is sent away', async (t) => {
  const { server } = await serve(t);
  const silent = await connect(server, 'silent');
  silent.send({ type: 'ping', id: 1 });
  t.like(await silent.nextOf('error'), {
    id: null,
    code: 'malformed',
    message: 'The first message is hello.',
  });
  t.is(await silent.closed, 1008);
  const garbled = await connect(server, 'silent');
  garbled.send('}{');
  t.like(await garbled.nextOf('error'), { id: null, code: 'malformed' });
  t.is(await garbled.closed, 1008);
  const binary = await connect(server);
  binary.send(Buffer.from([1, 2, 3]));
  t.like(await binary.nextOf('error'), { id: null, code: 'malformed', message: 'Messages are text.' });
  t.is(await binary.closed, 1003);
  const verbose = await connect(server);
  verbose.send('x'.repeat(100_000));
  t.like(await verbose.nextOf('error'), {
    id: null,
    code: 'malformed',
    message: 'A message has at most 64 KiB.',
  });
  t.is(await verbose.closed, 1009);
  const endless = await connect(server);
  endless.send('x'.repeat(1_000_000));
  t.is(await endless.closed, 1009);
  const later = await connect(server, 'silent');
  later.send({ type: 'hello', protocol: 2, client: 'test' });
  t.like(await later.nextOf('error'), { code: 'version' });
  t.is(await later.closed, 1008);
});

test('whoever opens connections and says nothing takes few of the daemon’s descriptors', async (t) => {
  const { server } = await serve(t, undefined, { host: '127.0.0.1', port: 0 });
  const port = Number(new URL(server.tcp?.url ?? '').port);
  const dialled = Array.from({ length: 300 }, () => dial(port, '127.0.0.1').on('error', () => {}));
  t.teardown(() => {
    for (const socket of dialled) socket.destroy();
  });
  const gone = (socket: (typeof dialled)[number]) =>
    new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await Promise.all(dialled.slice(-100).map(gone));
  const client = await connect(server);
  client.send({ type: 'ping', id: 1 });
  t.is((await client.nextOf('pong')).id, 1);
});

test('one viewer too many is sent away, whatever it says', async (t) => {
  const { server } = await serve(t);
  const seated = await Promise.all(Array.from({ length: 100 }, () => connect(server)));
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  const upgrade = `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`;
  const late = dial(server.socketPath);
  late.write(Buffer.concat([Buffer.from(upgrade), Buffer.from([0xff, 0xff, 0xff, 0xff])]));
  late.resume();
  await new Promise((resolve) => late.on('error', () => {}).once('close', resolve));
  seated[0]?.send({ type: 'ping', id: 1 });
  t.is((await seated[0]?.nextOf('pong'))?.id, 1);
  for (const { socket } of seated) socket.terminate();
});

test('bytes that are no HTTP, a half request and a plain browser do no harm', async (t) => {
  const { server } = await serve(t);
  for (const bytes of ['\u0000\u0001\u0002\r\n\r\n', 'GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n']) {
    const socket = dial(server.socketPath);
    socket.on('error', () => {});
    socket.end(bytes);
    await new Promise((resolve) => socket.resume().on('close', resolve));
  }
  const status = await new Promise((resolve) =>
    request({ socketPath: server.socketPath, path: '/' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).end(),
  );
  t.is(status, 426);
  const client = await connect(server);
  client.send({ type: 'ping', id: 1 });
  t.is((await client.nextOf('pong')).id, 1);
});

test('fifty people can look at once, and the program is looked at as if there were one', async (t) => {
  const { live, server } = await serve(t);
  const clients = await Promise.all(Array.from({ length: 50 }, () => connect(server)));
  for (const client of clients) client.send(subscription(1));
  await Promise.all(clients.map((client) => client.nextOf('update')));
  live.asked.profile = 0;
  live.grow(2);
  const grown = await Promise.all(
    clients.map(async (client) => {
      for (;;) {
        const { table } = await client.nextOf('update');
        if (table?.view === 'lines') return table.rows[0]?.liveBytes;
      }
    }),
  );
  t.deepEqual(new Set(grown), new Set([192_000_000]));
  t.is(live.asked.profile, 1);
});

test('a table that had to wait for names is not followed by seconds of an old one', async (t) => {
  const live = fakeSession([{ sites: SITES }]);
  const waits = {
    ...live,
    profile: async (index: number) => {
      await new Promise((resolve) => setTimeout(resolve, 400)); // how long names take is what this is about
      return live.profile(index);
    },
  };
  const { server } = await serve(t, waits);
  const client = await connect(server);
  client.send(subscription(1));
  await client.nextOf('update');
  let old = 0;
  for (let factor = 2; ; factor += 1) {
    live.grow(factor);
    if ((await client.nextOf('update')).table) break;
    old += 1;
  }
  // Ten times a second; eight times the wait would be thirty.
  t.true(old < 20, `${old} updates without a new table`);
});

test('sums beyond 2^53 are rounded, and no reason to hang up', async (t) => {
  const sites = ['a', 'b'].map((name) => ({ stack: [`/home/me/app!${name}@a.c:1`], bytes: 2 ** 53 }));
  const { server } = await serve(t, fakeSession([{ sites }, { sites, parent: 0 }]));
  const client = await connect(server);
  for (const [process, processes] of [
    ['main', 1],
    ['all', 2],
  ] as const) {
    client.send(subscription(processes, { process }));
    let update = await client.nextOf('update');
    while (update.id !== processes || !update.table) update = await client.nextOf('update');
    t.is(update.table.view === 'lines' ? update.table.sum.liveBytes : 0, processes * 2 ** 54);
    client.send({ type: 'unsubscribe', id: processes });
  }
});

test('a client that never reads is passed over, gets the newest state later, and costs no memory', async (t) => {
  const many = Array.from({ length: 2000 }, (_, at) => ({
    stack: [`/home/me/app!function_number_${at}@/home/me/src/some/file_${at}.c:${at + 1}`],
    bytes: at + 1,
  }));
  const { live, server } = await serve(t, fakeSession([{ sites: many }]));
  const slow = await connect(server);
  slow.send(subscription(1, { limit: 2000 }));
  await slow.nextOf('update');
  slow.socket.pause();

  const quick = await connect(server);
  quick.send(subscription(1, { limit: 2000 }));
  for (let factor = 2; factor < 22; factor += 1) {
    live.grow(factor);
    for (;;) {
      const { table } = await quick.nextOf('update');
      if (table?.view === 'lines' && table.rows[0]?.liveBytes === 2000 * factor) break;
    }
  }
  let missed = 0;
  let last = 0;
  slow.socket.resume();
  while (last !== 2000 * 21) {
    const { table } = await slow.nextOf('update');
    if (table?.view !== 'lines') continue;
    const bytes = table.rows[0]?.liveBytes ?? 0;
    missed += (bytes - last) / 2000 - 1;
    last = bytes;
  }
  t.true(missed > 8, `only ${missed} states were passed over`);
});

test('a client that asks and never reads the answers is not listened to meanwhile', async (t) => {
  const { server } = await serve(t);
  const greedy = await connect(server);
  greedy.socket.pause();
  for (let id = 0; id < 20_000; id += 1) greedy.send({ type: 'processes', id });
  const client = await connect(server);
  client.send({ type: 'ping', id: 1 });
  t.is((await client.nextOf('pong')).id, 1);
  t.true(process.memoryUsage().rss < 600 << 20);
  greedy.socket.terminate();
});

test('the end of the session is told with the last state', async (t) => {
  const live = fakeSession([{ sites: SITES }]);
  const { server } = await serve(t, live);
  const client = await connect(server);
  client.send(subscription(1, { intervalMs: 0 }));
  t.true((await client.nextOf('update')).header.running);
  live.grow(2);
  live.end();
  const closing = server.close();
  const last = await client.nextOf('update');
  t.false(last.header.running);
  if (last.table?.view !== 'lines') return t.fail();
  t.is(last.table.rows[0]?.liveBytes, 192_000_000);
  t.is((await client.next())?.type, 'goodbye');
  t.is(await client.closed, 1001);
  await closing;
});

const open = (url: string, options: { readonly headers?: Record<string, string>; origin?: string }) =>
  new Promise<number>((resolve) => {
    const socket = new WebSocket(url, options);
    socket.on('open', () => {
      resolve(101);
      socket.close();
    });
    socket.on('unexpected-response', (sent, response) => {
      resolve(response.statusCode ?? 0);
      sent.destroy();
    });
    socket.on('error', () => {});
  });

test('over TCP nobody gets in without the token, from another page or by another name', async (t) => {
  const { server } = await serve(t, undefined, { host: '127.0.0.1', port: 0 });
  const { tcp } = server;
  if (!tcp) return t.fail();
  const { port } = new URL(tcp.url);
  const bare = `ws://127.0.0.1:${port}/`;
  t.is(await open(tcp.url, {}), 101);
  t.is(await open(bare, { headers: { authorization: `Bearer ${tcp.token}` } }), 101);
  t.is(await open(tcp.url, { origin: `http://127.0.0.1:${port}` }), 101);
  t.is(await open(bare, {}), 401);
  t.is(await open(`${bare}?token=`, {}), 401);
  t.is(await open(`${bare}?token=${tcp.token}x`, {}), 401);
  t.is(await open(tcp.url, { origin: 'https://example.com' }), 403);
  t.is(await open(tcp.url, { origin: 'null' }), 403);
  t.is(await open(tcp.url, { headers: { host: 'evil.example:80' } }), 403);
});

test('an address that other machines reach, and a path that the system would cut, are refused', async (t) => {
  const live = fakeSession([{ sites: SITES }]);
  const far = { socketPath: '/tmp/mt-unused', listen: { host: '0.0.0.0', port: 0 } };
  await t.throwsAsync(startServer(live, far), { instanceOf: MemtraceError, message: /0\.0\.0\.0/ });
  const long = { socketPath: `/tmp/${'x'.repeat(110)}` };
  const error = await t.throwsAsync(startServer(live, long), { instanceOf: MemtraceError });
  t.regex(error?.why ?? '', /longer than 107 bytes/);
});
