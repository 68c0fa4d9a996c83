/**
 * The live service of a session: WebSockets on a Unix socket in its private folder and, where asked for, on a
 * port of this machine behind a token. The daemon's public face for clients is proto/messages.ts.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { REQUEST_LIMIT_BYTES } from '../../proto/messages.js';
import { MemtraceError } from '../../views/error.js';
import type { Recording } from '../../views/profile.js';
import type { LiveSession } from '../live.js';
import { wholeText } from '../snapshot/text.js';
import { admit, type Gate } from './admission.js';
import { type Service, serveClient } from './client.js';
import type { Doorman } from './doorman.js';
import { createFeeds } from './feeds.js';
import { createViews } from './views.js';

export interface ServerOptions {
  /** In the session's folder, which nobody else may enter. */
  readonly socketPath: string;
  /** Who keeps that socket open already; without one the service listens there itself. */
  readonly doorman?: Doorman;
  /** Whether somebody is sure to come and look, however soon the program ends. */
  readonly viewer?: 'is awaited' | 'may come';
  /** Serves TCP too; port 0 takes any. */
  readonly listen?: { readonly host: string; readonly port: number } | null;
}

export interface LiveServer {
  readonly socketPath: string;
  readonly tcp: { readonly url: string; readonly token: string } | null;
  /** Sends everybody the last state and a goodbye, then hangs up. */
  readonly close: () => Promise<void>;
}

/** What sun_path holds; the system cuts a longer one silently. */
const LONGEST_SOCKET_PATH = 107;
const MOST_CLIENTS = 100;
/** With those that have not said yet what they want, at each door: whoever opens thousands takes descriptors that processes need. */
const MOST_CONNECTIONS = MOST_CLIENTS + 20;
const PATIENCE = { headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000 };
/** Whoever sends more than a request may have is told so (client.ts); beyond this ws hangs up without a word. */
const HEARD_OUT_BYTES = 4 * REQUEST_LIMIT_BYTES;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);
const LAST_STATE_MS = 5000;
const GOODBYE_MS = 500;
/** For a viewer to start; for one that has come to say what it wants to see. */
const ARRIVAL_MS = 3000;
const FIRST_WISH_MS = 1000;
/** Close codes of RFC 6455. */
const GOING_AWAY = 1001;
const TRY_LATER = 1013;

/** @throws MemtraceError when it cannot listen */
export const startServer = async (live: LiveSession, options: ServerOptions): Promise<LiveServer> => {
  const { socketPath, listen } = options;
  if (Buffer.byteLength(socketPath) > LONGEST_SOCKET_PATH) throw pathTooLong(socketPath);
  if (listen && !LOOPBACK.has(listen.host)) throw notLoopback(listen.host);
  const views = createViews(live);
  const feeds = createFeeds(views);
  const service: Service = { live, feeds, views, snapshotText: sharedSnapshots(live) };
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: HEARD_OUT_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
  });
  const silent = new Set<Promise<void>>();
  const firstCame = new Promise<void>((resolve) => sockets.once('connection', () => resolve()));
  sockets.on('connection', (socket) => {
    const firstWish = welcome(socket, sockets, service);
    silent.add(firstWish);
    void firstWish.then(() => silent.delete(firstWish));
  });

  // Those who get in there need no token: the folder is private.
  const own = options.doorman ? { fd: options.doorman.handOver() } : { path: socketPath };
  const local = await openDoor(sockets, own, () => null);
  chmodSync(socketPath, 0o600);
  const token = randomBytes(24).toString('base64url');
  const port = listen
    ? await openDoor(sockets, listen, (at) => ({ token, port: at })).catch((error: unknown) => {
        local.close();
        throw error;
      })
    : null;

  return {
    socketPath,
    tcp: port && listen ? { url: urlOf(listen.host, port.port, token), token } : null,
    close: async () => {
      if (options.viewer === 'is awaited') await atMost(ARRIVAL_MS, firstCame);
      local.close();
      port?.close();
      // Whoever has just come gets something to look at, too.
      await atMost(FIRST_WISH_MS, Promise.all(silent));
      await atMost(LAST_STATE_MS, feeds.finish());
      await dismiss(sockets.clients);
      rmSync(socketPath, { force: true });
    },
  };
};

/** The daemon stays for as long as that, whatever else is under way. */
const atMost = async (ms: number, what: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([what, enough]).finally(() => clearTimeout(timer));
};

interface Door {
  readonly port: number;
  readonly close: () => void;
}

/** @param gateOf what guards it, null for none */
const upgrader = (sockets: WebSocketServer, gateOf: () => Gate | null): Server => {
  const http = createServer(PATIENCE, (_, response) => {
    response.writeHead(426, { 'content-type': 'text/plain', connection: 'close' });
    response.end('This is a WebSocket of memtrace; open it with `memtrace top`.\n');
  });
  http.maxConnections = MOST_CONNECTIONS;
  http.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => stream.destroy());
    const gate = gateOf();
    const admission = gate ? admit(gate, request.url ?? '/', request.headers) : { ok: true as const };
    if (!admission.ok) turnAway(stream, admission.status, admission.why);
    else
      sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit('connection', socket, request));
  });
  return http;
};

const openDoor = async (
  sockets: WebSocketServer,
  where: ListenOptions,
  gateAt: (port: number) => Gate | null,
): Promise<Door> => {
  let port = 0;
  const http = upgrader(sockets, () => gateAt(port));
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error) => reject(cannotListen(where, error)));
    http.listen(where, resolve);
  });
  http.on('error', () => {}); // a single connection's; it is gone
  const address = http.address() as AddressInfo | string | null;
  port = typeof address === 'object' && address ? address.port : 0;
  return {
    port,
    close: () => {
      http.close();
      http.closeAllConnections();
    },
  };
};

const turnAway = (stream: Duplex, status: number, why: string): void => {
  const body = `memtrace: ${why}\n`;
  stream.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    () => stream.destroy(),
  );
};

/** @returns resolves when it has asked for something, or has gone */
const welcome = async (socket: WebSocket, sockets: WebSocketServer, service: Service): Promise<void> => {
  socket.on('error', () => {}); // 'close' follows
  if (sockets.clients.size > MOST_CLIENTS) socket.close(TRY_LATER, `${MOST_CLIENTS} others look on already`);
  else await serveClient(socket, service);
};

const dismiss = async (clients: ReadonlySet<WebSocket>): Promise<void> => {
  const gone = [...clients].map((socket) => {
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    if (socket.readyState === socket.OPEN) socket.send('{"type":"goodbye"}');
    socket.close(GOING_AWAY, 'the session is over');
    return closed;
  });
  const impatience = setTimeout(() => {
    for (const socket of clients) socket.terminate();
  }, GOODBYE_MS);
  await Promise.all(gone);
  clearTimeout(impatience);
};

const inOnePiece = (recording: Recording): string => {
  try {
    return wholeText(recording);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Error(
      'It is larger than what can be sent at once (512 MiB). `memtrace run` writes its snapshot at the end, of any size.',
    );
  }
};

const sharedSnapshots = (live: LiveSession): Service['snapshotText'] => {
  const inWork = new Map<number, Promise<string>>();
  return (index) => {
    const known = inWork.get(index);
    if (known) return known;
    const text = live.snapshot(index).then(inOnePiece);
    inWork.set(index, text);
    const done = () => inWork.delete(index);
    text.then(done, done);
    return text;
  };
};

const urlOf = (host: string, port: number, token: string): string =>
  `ws://${host.includes(':') ? `[${host}]` : host}:${port}/?token=${token}`;

// ---- refusals ----

const pathTooLong = (path: string): MemtraceError =>
  new MemtraceError({
    message: 'cannot open the session to others',
    why: `The path of its socket is longer than ${LONGEST_SOCKET_PATH} bytes: ${path}`,
    remedy: 'Set XDG_RUNTIME_DIR to a folder with a shorter path.',
    exitCode: 125,
  });

const notLoopback = (host: string): MemtraceError =>
  new MemtraceError({
    message: `cannot listen on ${host}`,
    why: 'It can be reached from other machines, and what memtrace shows is not encrypted.',
    remedy: 'Give 127.0.0.1:PORT, and reach it from elsewhere through ssh -L.',
    exitCode: 125,
  });

const cannotListen = (where: ListenOptions, error: Error): MemtraceError => {
  const name = where.path ?? `${where.host}:${where.port}`;
  const isTaken = 'code' in error && error.code === 'EADDRINUSE';
  return new MemtraceError({
    message: `cannot listen on ${name}`,
    why: isTaken ? 'Another process listens there already.' : `${error.message}.`,
    remedy: where.path
      ? 'Remove it when no session uses it: memtrace clean'
      : 'Take another port, or 0 for any.',
    exitCode: 125,
  });
};
