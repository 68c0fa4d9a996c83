/** Which process of a session a pid names, asked of its live service. */
import type { DaemonMessage, ProcessChoice } from '../proto/messages.js';
import { MemtraceError } from '../views/error.js';
import { connectDaemon } from './client.js';

/**
 * @param pid null for the program that the user started
 * @throws MemtraceError when the process is not traced, or the daemon goes away
 */
export const processOf = async (
  socketPath: string,
  pid: number | null,
): Promise<Exclude<ProcessChoice, 'all'>> => {
  if (pid === null) return 'main';
  let settle: { readonly resolve: (message: DaemonMessage) => void; readonly reject: (why: Error) => void };
  const answer = new Promise<DaemonMessage>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const link = await connectDaemon(socketPath, 'memtrace', {
    hear: (message) => settle.resolve(message),
    onLost: (why) => settle.reject(failed(pid, why)),
  });
  try {
    link.send({ type: 'processes', id: 1 });
    return indexOf(await answer, pid);
  } finally {
    link.close();
  }
};

/** The newest image of this pid. */
const indexOf = (message: DaemonMessage, pid: number): number => {
  if (message.type !== 'processes')
    throw failed(pid, message.type === 'error' ? message.message : 'The session ended meanwhile.');
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
      remedy: 'Name another process of the session.',
    });
  return found.index;
};

const failed = (pid: number, why: string): MemtraceError =>
  new MemtraceError({
    message: `cannot look at process ${pid}`,
    why,
    remedy: 'Try again; see which sessions run with memtrace ls.',
  });
