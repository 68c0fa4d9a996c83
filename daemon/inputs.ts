/**
 * Watches descriptors that seldom have anything to read, by SIGIO: the launcher says one line during a run, and
 * mostly nobody knocks at the door. node:net with its streams would be a tenth of what a short run costs.
 *
 * Keeps nothing alive: whoever waits must have something else under way.
 */
import { getSystemErrorName } from 'node:util';
import { coreLibrary } from './core/library.js';

/** Ends the watch. Before the descriptor is closed, or given away. */
export type StopWatching = () => void;

const watched = new Map<number, () => void>();

/** Where the system does not signal, it is asked. */
const ASK_MS = 100;

/** Calls `ready` once, as soon as a read, or an accept, would return at once. */
export const watchInput = (fd: number, ready: () => void): StopWatching => {
  const library = coreLibrary();
  if (!process.listeners('SIGIO').includes(look)) process.on('SIGIO', look); // for good: without one it kills
  const asking = library.announceInput(fd) ? undefined : setInterval(look, ASK_MS).unref();
  const stop = () => {
    clearInterval(asking);
    if (watched.delete(fd)) library.hushInput(fd);
  };
  watched.set(fd, () => {
    stop();
    ready();
  });
  look();
  return stop;
};

/** Signals are not counted, nor do they say which descriptor they are for. */
const look = (): void => {
  const { hasInput } = coreLibrary();
  for (const [fd, ready] of [...watched]) if (hasInput(fd)) ready();
};

/**
 * A Unix socket that listens, for this user only.
 *
 * @throws the system's error
 */
export const listenAt = (path: string): number => {
  const fd = coreLibrary().listen(path);
  if (fd >= 0) return fd;
  const code = getSystemErrorName(fd);
  throw Object.assign(new Error(`listen ${code} ${path}`), { code });
};
