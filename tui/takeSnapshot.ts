/** A snapshot of a running session, over its live service. */
import type { DaemonMessage, ProcessChoice } from '../proto/messages.js';
import type { Snapshot } from '../proto/snapshot.js';
import { checkSnapshot } from '../views/check.js';
import { MemtraceError } from '../views/error.js';
import { connectDaemon } from './client.js';

const LIST = 1;
const SNAPSHOT = 2;

/**
 * @param pid of the process that is meant; null for the program that the user started
 * @throws MemtraceError when there is no such process, or the daemon goes away
 */
export const takeSnapshot = async (socketPath: string, pid: number | null): Promise<Snapshot> => {
  let settle: { readonly resolve: (message: DaemonMessage) => void; readonly reject: (why: Error) => void };
  const answer = (): Promise<DaemonMessage> =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
  let next = answer();
  const link = await connectDaemon(socketPath, 'memtrace dump', {
    hear: (message) => settle.resolve(message),
    onLost: (why) => settle.reject(failed(why)),
  });
  try {
    let process: Exclude<ProcessChoice, 'all'> = 'main';
    if (pid !== null) {
      link.send({ type: 'processes', id: LIST });
      process = indexOf(await next, pid);
      next = answer();
    }
    link.send({ type: 'snapshot', id: SNAPSHOT, process });
    return snapshotOf(await next);
  } finally {
    link.close();
  }
};

/** The newest image of this pid. */
const indexOf = (message: DaemonMessage, pid: number): number => {
  if (message.type !== 'processes') throw unexpected(message);
  const found = message.processes.findLast((process) => process.pid === pid);
  if (!found)
    throw new MemtraceError({
      message: `process ${pid} is not traced`,
      why: 'It belongs to the session, but nothing was seen of it.',
      remedy: `Its processes are ${message.processes.map((each) => each.pid).join(', ')}.`,
    });
  if (found.untraced !== null)
    throw new MemtraceError({
      message: `process ${pid} is not traced`,
      why: found.untraced,
      remedy: 'Take a snapshot of another process of the session.',
    });
  return found.index;
};

const snapshotOf = (message: DaemonMessage): Snapshot => {
  if (message.type !== 'snapshot') throw unexpected(message);
  const checked = checkSnapshot(message.snapshot);
  if (checked.ok) return checked.snapshot;
  throw failed(`What came breaks the rules of a snapshot: ${checked.fault}.`);
};

const unexpected = (message: DaemonMessage): MemtraceError =>
  failed(
    message.type === 'error'
      ? message.message
      : message.type === 'goodbye'
        ? 'The session ended meanwhile.'
        : `It answered with ${message.type}.`,
  );

const failed = (why: string): MemtraceError =>
  new MemtraceError({
    message: 'cannot take a snapshot',
    why,
    remedy: 'Try again; see which sessions run with memtrace ls.',
  });
