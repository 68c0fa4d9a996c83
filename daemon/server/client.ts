/**
 * One client: reads its messages, answers them, and holds it to its limits. Whatever it sends, the answer is a
 * message or the end of the connection.
 */
import type { RawData, WebSocket } from 'ws';
import {
  type ClientMessage,
  type DaemonMessage,
  type ErrorCode,
  type FetchSource,
  MARKS_PER_CLIENT,
  type MarkNumber,
  PROTOCOL_VERSION,
  REQUEST_LIMIT_BYTES,
  type RequestId,
  type Subscribe,
  type TakeSnapshot,
} from '../../proto/messages.js';
import { parseClientMessage } from '../../proto/parseMessages.js';
import type { LiveSession } from '../live.js';
import { ViewFault } from './fault.js';
import type { Feeds, Receiver } from './feeds.js';
import { summaryOf } from './summary.js';
import type { Views } from './views.js';

export interface Service {
  readonly live: LiveSession;
  readonly feeds: Feeds;
  readonly views: Pick<Views, 'source' | 'marks'>;
  /** The JSON of a snapshot; clients that ask at the same time share one. */
  readonly snapshotText: (index: number) => Promise<string>;
}

/** Text that waits to be read: from here on states are skipped, and requests wait. */
const UNREAD_LIMIT = 256 * 1024;
const SUBSCRIPTION_LIMIT = 32;
/** So many in so long are garbage; a newer client may ask now and then for what is not known here. */
const FAULT_LIMIT = 20;
const FAULT_WINDOW_MS = 10_000;
const LOOK_AGAIN_MS = 50;
/** Close codes of RFC 6455. */
const UNSUPPORTED = 1003;
const POLICY = 1008;
const TOO_LONG = 1009;
const NO_HELLO = 'the first message is hello';

/** @returns resolves when it has asked for something, or has gone */
export const serveClient = (socket: WebSocket, service: Service): Promise<void> => {
  let settle = (): void => {};
  const hasAsked = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const subscriptions = new Map<RequestId, () => void>();
  let greeted = false;
  let faults = 0;
  let faultsSince = 0;

  const send = (json: string): void => {
    if (socket.readyState === socket.OPEN) socket.send(json);
  };
  const tell = (message: DaemonMessage): void => send(JSON.stringify(message));
  const refuse = (id: RequestId | null, code: ErrorCode, message: string): void =>
    tell({ type: 'error', id, code, message });
  const receiver: Receiver = {
    hasRoom: () => socket.bufferedAmount < UNREAD_LIMIT,
    send,
    refuse: (id, code, message) => {
      subscriptions.delete(id);
      refuse(id, code, message);
    },
  };
  const fault = (id: RequestId | null, code: ErrorCode, message: string): void => {
    refuse(id, code, message);
    const now = service.live.nowMs();
    if (now - faultsSince > FAULT_WINDOW_MS) {
      faultsSince = now;
      faults = 0;
    }
    faults += 1;
    if (faults > FAULT_LIMIT) socket.close(POLICY, 'too many faulty messages');
  };

  const hear = (data: RawData, isBinary: boolean): void => {
    const text = data.toString();
    if (Buffer.byteLength(text) > REQUEST_LIMIT_BYTES)
      sendAway(TOO_LONG, `a message has at most ${REQUEST_LIMIT_BYTES / 1024} KiB`);
    else if (isBinary) sendAway(UNSUPPORTED, 'messages are text');
    else read(text);
    waitUntilRead(socket);
  };
  const read = (text: string): void => {
    const parsed = parseClientMessage(text);
    if (!parsed.ok) {
      // A fault may begin with the name of a field, which stays as it is written.
      const why = parsed.code === 'malformed' ? `Not understood: ${parsed.fault}` : sentence(parsed.fault);
      fault(parsed.id, parsed.code, `${why}.`);
      if (!greeted) socket.close(POLICY, NO_HELLO);
    } else if (parsed.message.type === 'hello') greet(parsed.message.protocol);
    else if (greeted) answer(parsed.message);
    else sendAway(POLICY, NO_HELLO);
  };
  const greet = (protocol: number): void => {
    greeted = protocol === PROTOCOL_VERSION;
    if (greeted) return;
    const why = `This daemon speaks version ${PROTOCOL_VERSION}, not ${protocol}: memtrace was updated meanwhile.`;
    refuse(null, 'version', why);
    socket.close(POLICY, 'version');
  };
  const sendAway = (code: number, why: string): void => {
    refuse(null, 'malformed', `${sentence(why)}.`);
    socket.close(code, why);
  };
  const answer = (message: Exclude<ClientMessage, { type: 'hello' }>): void => {
    settle();
    switch (message.type) {
      case 'subscribe':
        subscribe(message);
        break;
      case 'unsubscribe':
        unsubscribe(message.id);
        break;
      case 'snapshot':
        void giveSnapshot(message);
        break;
      case 'processes':
        tell({
          type: 'processes',
          id: message.id,
          main: service.live.mainProcess(),
          processes: service.live.processes().map(summaryOf),
        });
        break;
      case 'mark':
        void setMark(message.id);
        break;
      case 'source':
        void giveSource(message);
        break;
      case 'stop':
        stopTracing(message.id);
        break;
      case 'ping':
        tell({ type: 'pong', id: message.id });
        break;
    }
  };
  /** Its own: those of another client may go at any time. */
  const marks: MarkNumber[] = [];
  const subscribe = (request: Subscribe): void => {
    unsubscribe(request.id);
    if (subscriptions.size >= SUBSCRIPTION_LIMIT)
      fault(request.id, 'busy', `A client has at most ${SUBSCRIPTION_LIMIT} subscriptions.`);
    else if (request.since !== undefined && !marks.includes(request.since))
      fault(request.id, 'no-mark', `You have set no mark ${request.since}, or later ones took its place.`);
    else subscriptions.set(request.id, service.feeds.subscribe(receiver, request));
  };
  const unsubscribe = (id: RequestId): void => {
    subscriptions.get(id)?.();
    subscriptions.delete(id);
  };
  const setMark = async (id: RequestId): Promise<void> => {
    try {
      const { mark, takenAt, live } = await service.views.marks.set();
      marks.push(mark);
      if (socket.readyState !== socket.OPEN) dropMarks(0);
      tell({ type: 'mark', id, mark, takenAt, live });
      dropMarks(MARKS_PER_CLIENT);
    } catch (error) {
      refuseWith(id, error);
    }
  };
  const dropMarks = (kept: number): void => {
    for (const mark of marks.splice(0, Math.max(0, marks.length - kept))) service.views.marks.drop(mark);
  };
  let sources = 0;
  const giveSource = async ({ id, process, file }: FetchSource): Promise<void> => {
    if (sources > 0) {
      fault(id, 'busy', 'One file at a time.');
      return;
    }
    sources += 1;
    try {
      tell({ type: 'source', id, file, ...(await service.views.source(process, file)) });
    } catch (error) {
      refuseWith(id, error);
    } finally {
      sources -= 1;
    }
  };
  const stopTracing = (id: RequestId): void => {
    if (!service.live.stopTracing) {
      refuse(id, 'failed', 'This session cannot stop before its program ends.');
      return;
    }
    service.live.stopTracing();
    tell({ type: 'stopped', id });
  };
  const refuseWith = (id: RequestId, error: unknown): void =>
    refuse(
      id,
      error instanceof ViewFault ? error.code : 'failed',
      error instanceof Error ? error.message : String(error),
    );
  let snapshots = 0;
  const giveSnapshot = async ({ id, process }: TakeSnapshot): Promise<void> => {
    const index = process === 'main' ? service.live.mainProcess() : process;
    if (snapshots > 0) {
      fault(id, 'busy', 'One snapshot at a time.');
      return;
    }
    if (index === null || !service.live.processes().some((each) => each.index === index)) {
      const which =
        process === 'main' ? 'The program has not been seen yet.' : `There is no process ${process}.`;
      refuse(id, 'no-process', which);
      return;
    }
    snapshots += 1;
    try {
      send(`{"type":"snapshot","id":${id},"snapshot":${await service.snapshotText(index)}}`);
    } catch (error) {
      refuse(id, 'failed', error instanceof Error ? error.message : String(error));
    } finally {
      snapshots -= 1;
    }
  };

  socket.on('message', hear);
  socket.on('close', () => {
    for (const end of subscriptions.values()) end();
    subscriptions.clear();
    dropMarks(0);
    settle();
  });
  tell({ type: 'hello', protocol: PROTOCOL_VERSION, session: sessionOf(service.live) });
  return hasAsked;
};

const sessionOf = ({ id, startedAt, command }: LiveSession) => ({ id, startedAt, command });

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Who does not read its answers may not ask more: else they would pile up here. */
const waitUntilRead = (socket: WebSocket): void => {
  if (socket.bufferedAmount < UNREAD_LIMIT || socket.isPaused) return;
  socket.pause();
  const look = setInterval(() => {
    if (socket.readyState === socket.OPEN && socket.bufferedAmount >= UNREAD_LIMIT) return;
    clearInterval(look);
    socket.resume();
  }, LOOK_AGAIN_MS);
  look.unref();
};
