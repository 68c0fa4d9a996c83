/**
 * Where sessions lie. The runtime folder holds what is small (session.json, the socket); the shared-memory folder
 * holds what the program writes at full speed and must be on a tmpfs. They are one where the first is on a tmpfs
 * with room. Both are private: 0700, our own, not reached through a link.
 */
import { chmodSync, lstatSync, mkdirSync, statfsSync, statSync } from 'node:fs';
import { MemtraceError } from '../../views/error.js';

export interface Places {
  readonly runtime: string;
  readonly sharedMemory: string;
  /** What the user should know about the choice. */
  readonly notes: readonly string[];
}

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
}

/** sun_path holds 107 bytes; "/abcde/socket" and some room come on top. */
const LONGEST_RUNTIME = 80;
/** What a program with a few threads fills; below it another tmpfs is better. */
const ROOM_WANTED = 256 * 2 ** 20;
const ROOM_NEEDED = 16 * 2 ** 20;
const TMPFS_MAGIC = 0x01021994;
const RAMFS_MAGIC = 0x858458f6;

/** The folders for new sessions, made where they are missing. */
export const choosePlaces = (around: Surroundings): Places => {
  const runtime = privateFolder(runtimeFolder(around), around.uid);
  const shm = `/dev/shm/memtrace-${around.uid}`;
  if (roomInMemory(runtime) >= ROOM_WANTED) return { runtime, sharedMemory: runtime, notes: [] };
  const rooms = [
    { path: shm, room: roomInMemory('/dev/shm') },
    { path: runtime, room: roomInMemory(runtime) },
  ].sort((a, b) => b.room - a.room);
  const [best] = rooms;
  if (best && best.room >= ROOM_NEEDED)
    return { runtime, sharedMemory: privateFolder(best.path, around.uid), notes: [] };
  return {
    runtime,
    sharedMemory: runtime,
    notes: [`/dev/shm has no room: events go through ${runtime} on disk, which is slower`],
  };
};

/** Every folder in which sessions of this user may lie, whether it exists or not. */
export const allPlaces = ({ env, uid }: Surroundings): readonly string[] => [
  ...new Set([runtimeFolder({ env, uid }), `/tmp/memtrace-${uid}`, `/dev/shm/memtrace-${uid}`]),
];

export const surroundings = (): Surroundings => ({ env: process.env, uid: process.geteuid?.() ?? 0 });

/** False for a folder that is somebody else's or open to others: nothing in it is believed. */
export const isPrivate = (path: string, uid: number): boolean => {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === uid && (stat.mode & 0o077) === 0;
};

const runtimeFolder = ({ env, uid }: Surroundings): string => {
  const xdg = env.XDG_RUNTIME_DIR;
  return xdg && isUsable(xdg, uid) ? `${xdg}/memtrace` : `/tmp/memtrace-${uid}`;
};

/** LD_PRELOAD parts its list at spaces and colons and expands "$"; a root shell may have its user's folder. */
const isUsable = (xdg: string, uid: number): boolean => {
  if (!/^\/[\w/.,@+=-]+$/.test(xdg) || xdg.length > LONGEST_RUNTIME) return false;
  const stat = statSync(xdg, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === uid;
};

/** Makes the folder, or checks the one that is there. */
const privateFolder = (path: string, uid: number): string => {
  try {
    mkdirSync(path, { mode: 0o700 });
    chmodSync(path, 0o700); // whatever the umask is
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotUse(path, (error as Error).message);
  }
  if (isPrivate(path, uid)) return path;
  throw cannotUse(path, 'It is not a folder that is yours alone (owner you, mode 0700, no link).');
};

const cannotUse = (path: string, why: string): MemtraceError =>
  new MemtraceError({
    message: `cannot use ${path} for the session`,
    why,
    remedy: `Remove it, or set XDG_RUNTIME_DIR to a folder of your own.`,
    exitCode: 125,
  });

/** Free bytes where `path` lies on a tmpfs, else 0. */
const roomInMemory = (path: string): number => {
  try {
    const { type, bavail, bsize } = statfsSync(path);
    return type === TMPFS_MAGIC || type === RAMFS_MAGIC ? bavail * bsize : 0;
  } catch {
    return 0;
  }
};
