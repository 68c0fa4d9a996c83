/** Who gets what of a feed, and until when. */
import test from 'ava';
import { ViewFault } from '../../daemon/server/fault.js';
import { createFeeds, type Receiver } from '../../daemon/server/feeds.js';
import type { Views } from '../../daemon/server/views.js';
import type { Table } from '../../proto/messages.js';
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
