/**
 * One session: its folders from before the program starts until the report is written. Owned by the daemon;
 * others read session.json (record.ts).
 */
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { SESSION_SHIM_LINK } from '../../proto/generated/layout.js';
import { removeSession } from './cleanup.js';
import { choosePlaces, surroundings } from './places.js';
import { startTicks } from './processes.js';
import { type SessionRecord, writeRecord } from './record.js';

export interface Session {
  readonly id: string;
  /** Holds session.json and the socket. */
  readonly folder: string;
  /** Holds the control page, the registry, the segments and the link to the shim; on a tmpfs. */
  readonly shmFolder: string;
  readonly socketPath: string;
  readonly startedAt: Date;
  /** What the user should know. */
  readonly notes: readonly string[];
  /** Once the program runs. */
  readonly noteProgram: (pid: number) => void;
  /** Removes its folders, but for what running processes still need to start others: `memtrace clean` does. */
  readonly end: () => void;
}

export const createSession = (command: readonly string[], shim: string): Session => {
  const { runtime, sharedMemory, notes } = choosePlaces(surroundings());
  const id = freeId(runtime);
  const folder = `${runtime}/${id}`;
  const shmFolder = `${sharedMemory}/${id}`;
  if (shmFolder !== folder) mkdirPrivate(shmFolder);
  symlinkSync(shim, `${shmFolder}/${SESSION_SHIM_LINK}`);
  const startedAt = new Date();
  const record: SessionRecord = {
    id,
    daemonPid: process.pid,
    daemonStart: startTicks(process.pid) ?? '',
    command,
    startedAt: startedAt.toISOString(),
    socket: `${folder}/socket`,
    shmDirectory: shmFolder,
    programPid: null,
    programStart: null,
  };
  // In both folders: whoever finds only one of them must see whether the daemon lives.
  const write = (current: SessionRecord): void => {
    for (const each of new Set([folder, shmFolder])) writeRecord(each, current);
  };
  write(record);
  return {
    id,
    folder,
    shmFolder,
    socketPath: record.socket,
    startedAt,
    notes,
    noteProgram: (pid) => write({ ...record, programPid: pid, programStart: startTicks(pid) }),
    end: () => removeSession({ folder, shmFolder }),
  };
};

/** Letters only where a pid has a digit, and none that look alike. */
const LETTERS = 'abcdefghkmnpqrstuvwxyz';
const ID_LENGTH = 5;

/** Nothing hangs on an id being hard to guess: folders are private. */
const randomId = (): string =>
  Array.from({ length: ID_LENGTH }, () => LETTERS.charAt(Math.floor(Math.random() * LETTERS.length))).join(
    '',
  );

/** Takes an id by making its folder. */
const freeId = (runtime: string): string => {
  for (;;) {
    const id = randomId();
    try {
      mkdirPrivate(`${runtime}/${id}`);
      return id;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
};

const mkdirPrivate = (path: string): void => {
  mkdirSync(path, { mode: 0o700 });
  chmodSync(path, 0o700);
};
