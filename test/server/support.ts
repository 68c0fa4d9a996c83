/** Servers and clients for tests of the live service. */

import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { WebSocket } from 'ws';
import { type LiveServer, type ServerOptions, startServer } from '../../daemon/server/server.js';
import type { ClientMessage, DaemonMessage, Subscribe } from '../../proto/messages.js';
import { parseDaemonMessage } from '../../proto/parseMessages.js';
import { newFolder } from '../folders.js';
import { type FakeSession, fakeSession, SITES } from './fakeSession.js';

export interface Served {
  readonly live: FakeSession;
  readonly server: LiveServer;
}

/** Closed at the end of the test. */
export const serve = async (
  t: ExecutionContext,
  live: FakeSession = fakeSession([{ sites: SITES }]),
  listen: ServerOptions['listen'] = null,
): Promise<Served> => {
  const server = await startServer(live, { socketPath: join(newFolder(), 'socket'), listen });
  t.teardown(server.close);
  return { live, server };
};

export interface Client {
  readonly socket: WebSocket;
  readonly send: (message: ClientMessage | string | Buffer) => void;
  /** The next message that nobody has taken yet; null when the connection ends before. */
  readonly next: () => Promise<DaemonMessage | null>;
  /** The next one of this type; others are dropped. */
  readonly nextOf: <T extends DaemonMessage['type']>(
    type: T,
  ) => Promise<Extract<DaemonMessage, { readonly type: T }>>;
  /** The code that it was closed with. */
  readonly closed: Promise<number>;
}

export const connect = async (
  server: Pick<LiveServer, 'socketPath'>,
  greet: 'greet' | 'silent' = 'greet',
): Promise<Client> => {
  const socket = new WebSocket(`ws+unix:${server.socketPath}:/`, { perMessageDeflate: false });
  const client = follow(socket);
  await client.nextOf('hello');
  if (greet === 'greet') client.send({ type: 'hello', protocol: 1, client: 'test' });
  return client;
};

const follow = (socket: WebSocket): Client => {
  const waiting: DaemonMessage[] = [];
  let wake = (): void => {};
  let ended = false;
  const closed = new Promise<number>((resolve) => {
    socket.on('close', (code) => {
      ended = true;
      wake();
      resolve(code);
    });
  });
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const parsed = parseDaemonMessage(data.toString());
    if (!parsed.ok) throw new Error(parsed.fault);
    waiting.push(parsed.message);
    wake();
  });
  const next = async (): Promise<DaemonMessage | null> => {
    for (;;) {
      const message = waiting.shift();
      if (message) return message;
      if (ended) return null;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    socket,
    closed,
    next,
    send: (message) =>
      socket.send(
        typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message),
      ),
    nextOf: async <T extends DaemonMessage['type']>(type: T) => {
      for (;;) {
        const message = await next();
        if (message === null) throw new Error(`the connection ended before a ${type} came`);
        if (message.type === type) return message as Extract<DaemonMessage, { readonly type: T }>;
      }
    },
  };
};

export const subscription = (id: number, changes: Partial<Subscribe> = {}): Subscribe => ({
  type: 'subscribe',
  id,
  view: 'lines',
  process: 'main',
  sort: 'live',
  order: 'descending',
  kind: 'heap',
  limit: 20,
  intervalMs: 100,
  ...changes,
});
