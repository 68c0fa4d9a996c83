/**
 * A client of the live service: connects to the daemon of a session, checks what it says, sends what is asked.
 * The terminal UI and `memtrace dump` both use it.
 */
import { WebSocket } from 'ws';
import {
  type ClientMessage,
  type DaemonMessage,
  PROTOCOL_VERSION,
  type SessionSummary,
} from '../proto/messages.js';
import { parseDaemonMessage } from '../proto/parseMessages.js';
import { MemtraceError } from '../views/error.js';

export interface DaemonLink {
  readonly session: SessionSummary;
  readonly send: (message: ClientMessage) => void;
  readonly close: () => void;
}

export interface Listener {
  readonly hear: (message: DaemonMessage) => void;
  /** Once, and never because of `close`. @param why a sentence */
  readonly onLost: (why: string) => void;
}

/** A snapshot of a large program; text beyond it no JavaScript string can hold. */
const LARGEST_MESSAGE = 2 ** 29;
const PATIENCE_MS = 5000;

/** @throws MemtraceError when nobody answers there, or in another language */
export const connectDaemon = (
  socketPath: string,
  client: string,
  { hear, onLost }: Listener,
): Promise<DaemonLink> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws+unix:${socketPath}:/`, {
      perMessageDeflate: false,
      maxPayload: LARGEST_MESSAGE,
      handshakeTimeout: PATIENCE_MS,
    });
    let state: 'greeting' | 'open' | 'closed' = 'greeting';
    let trouble: string | null = null;

    const fail = (why: string): void => {
      const before = state;
      state = 'closed';
      clearTimeout(patience);
      socket.terminate();
      if (before === 'greeting') reject(cannotReach(why));
      else if (before === 'open') onLost(why);
    };
    const patience = setTimeout(() => fail('The daemon did not answer in time.'), PATIENCE_MS);
    const link = (session: SessionSummary): DaemonLink => ({
      session,
      send: (message) => {
        if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
      },
      close: () => {
        state = 'closed';
        socket.close();
        setTimeout(() => socket.terminate(), 200).unref();
      },
    });
    const greet = (message: DaemonMessage): void => {
      const fault = faultOfHello(message);
      if (fault !== null || message.type !== 'hello') {
        fail(fault ?? '');
        return;
      }
      clearTimeout(patience);
      state = 'open';
      const opened = link(message.session);
      opened.send({ type: 'hello', protocol: PROTOCOL_VERSION, client });
      resolve(opened);
    };

    socket.on('message', (data) => {
      const parsed = parseDaemonMessage(data.toString());
      // What is of a later version is no concern of ours.
      if (!parsed.ok) {
        if (parsed.code === 'malformed') fail(`It sent something odd: ${parsed.fault}.`);
      } else if (state === 'greeting') greet(parsed.message);
      else if (state === 'open') hear(parsed.message);
    });
    socket.on('error', (error) => {
      trouble = reasonOf(error);
    });
    socket.on('close', (_, reason) =>
      fail(trouble ?? (reason.length > 0 ? `It said: ${reason}.` : 'It ended.')),
    );
  });

const faultOfHello = (message: DaemonMessage): string | null => {
  if (message.type === 'error') return message.message;
  if (message.type !== 'hello') return 'It did not say hello.';
  return message.protocol === PROTOCOL_VERSION
    ? null
    : `It speaks version ${message.protocol} of the protocol, this memtrace ${PROTOCOL_VERSION}.`;
};

const reasonOf = (error: Error): string => {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'Its socket is gone: the session has ended.';
  if (code === 'ECONNREFUSED') return 'Nobody listens on its socket: the daemon was killed.';
  return `${error.message}.`;
};

const cannotReach = (why: string): MemtraceError =>
  new MemtraceError({
    message: 'cannot talk to the daemon of the session',
    why,
    remedy: 'See which sessions run: memtrace ls',
  });
