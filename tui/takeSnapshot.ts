/** A snapshot of a running session, over its live service. */
import type { DaemonMessage } from '../proto/messages.js';
import type { Snapshot } from '../proto/snapshot.js';
import { checkSnapshot } from '../views/check.js';
import { MemtraceError } from '../views/error.js';
import { connectDaemon } from './client.js';
import { processOf } from './processOf.js';

/**
 * @param pid of the process that is meant; null for the program that the user started
 * @throws MemtraceError when there is no such process, or the daemon goes away
 */
export const takeSnapshot = async (socketPath: string, pid: number | null): Promise<Snapshot> => {
  let settle: { readonly resolve: (message: DaemonMessage) => void; readonly reject: (why: Error) => void };
  const answer = new Promise<DaemonMessage>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const process = await processOf(socketPath, pid);
  const link = await connectDaemon(socketPath, 'memtrace dump', {
    hear: (message) => settle.resolve(message),
    onLost: (why) => settle.reject(failed(why)),
  });
  try {
    link.send({ type: 'snapshot', id: 1, process });
    return snapshotOf(await answer);
  } finally {
    link.close();
  }
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
