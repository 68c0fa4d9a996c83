/** Who gets what of a feed, and until when. */

import test from 'ava';
import { ViewFault } from '../../daemon/server/fault.js';
import { createFeeds, type Receiver } from '../../daemon/server/feeds.js';
import type { Views } from '../../daemon/server/views.js';
import type { Table } from '../../proto/messages.js';
import { until } from '../until.js';
import { connect, serve, subscription } from './support.js';

const listener = () => {
  const got: string[] = [];
  let wake = (): void => {};
  const hear = (what: string): void => {
    got.push(what);
    wake();
  };
  const receiver: Receiver = {
    hasRoom: () => true,
    send: () => hear('update'),
    refuse: (_, code) => hear(code),
  };
  const heard = (count: number): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        if (got.length >= count) resolve();
      };
      wake();
    });
  return { got, receiver, heard };
};

test('whoever was refused and leaves does not take the view from those who came after', async (t) => {
  let isThere = false;
  const views: Partial<Views> = {
    stamp: () => '',
    table: async () => {
      if (!isThere) throw new ViewFault('no-process', 'There is none yet.');
      return { view: 'processes', rows: [] } satisfies Table;
    },
    header: () => ({}) as ReturnType<Views['header']>,
    lookAnew: () => {},
  };
  const feeds = createFeeds(views as Views);
  const [first, second] = [listener(), listener()];
  const request = subscription(1, { intervalMs: 0 });
  const leave = feeds.subscribe(first.receiver, request);
  await first.heard(1);
  t.deepEqual(first.got, ['no-process']);
  isThere = true;
  feeds.subscribe(second.receiver, request);
  await second.heard(1);
  leave();
  await feeds.finish();
  t.deepEqual(second.got, ['update', 'update']);
});

test('subscriptions that were refused do not count among those that a client may have', async (t) => {
  const { server } = await serve(t);
  const client = await connect(server);
  for (let id = 1; id <= 40; id += 1) {
    client.send(subscription(id, { process: 42 }));
    t.like(await client.nextOf('error'), { id, code: 'no-process' });
  }
  client.send(subscription(41));
  t.is((await client.nextOf('update')).id, 41);
});

test('the figures of the header are those of the moment of the rows, also where the rows are dear', async (t) => {
  let moment = 0;
  const views: Partial<Views> = {
    stamp: () => {
      moment += 1; // something happens all the time
      return String(moment);
    },
    header: () => ({ takenAt: String(moment) }) as ReturnType<Views['header']>,
    table: async () => {
      for (const until = performance.now() + 40; performance.now() < until; ); // then it rests for longer
      return { view: 'processes', rows: [], moment } as Table;
    },
    lookAnew: () => {},
  };
  const feeds = createFeeds(views as Views);
  let shown = '';
  const pairs: (readonly [string, string])[] = [];
  const send = (json: string): void => {
    const { header, table } = JSON.parse(json);
    shown = String(table?.moment ?? shown);
    pairs.push([header.takenAt, shown]);
  };
  const receiver: Receiver = { hasRoom: () => true, send, refuse: () => t.fail() };
  t.teardown(feeds.subscribe(receiver, subscription(1, { intervalMs: 20 })));
  await until(() => pairs.length >= 8); // a feed's own timer keeps no process alive
  for (const [header, table] of pairs) t.is(header, table);
  t.true(new Set(pairs.map(([, table]) => table)).size < pairs.length, 'it rested');
});
