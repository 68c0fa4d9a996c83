/**
 * Removes what sessions leave behind. Two things are never removed: the folder of a session whose daemon lives,
 * and the link to the shim while a process that was started with it runs, since each program it starts would
 * complain of a missing preload on its stderr.
 */
import { readdirSync, rmdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { coreLibrary } from '../core/library.js';
import { allPlaces, isPrivate, surroundings } from './places.js';
import { isAlive, type StartTicks, uses } from './processes.js';
import { readRecord } from './record.js';

interface SessionFolders {
  readonly folder: string;
  readonly shmFolder: string;
}

export interface CleanUp {
  readonly removed: readonly string[];
  /** Of dead daemons, but processes that were started in them still run. */
  readonly inUse: readonly string[];
}

/** A folder without a readable session.json may be one that is being made. */
const YOUNG_MS = 60_000;

/** Removes the sessions of this user whose daemons are dead. */
export const cleanUp = (): CleanUp => {
  const removed: string[] = [];
  const inUse: string[] = [];
  for (const folder of sessionFolders()) {
    if (!isAbandoned(folder)) continue;
    const shmFolder = readRecord(folder)?.shmDirectory ?? folder;
    if (inUse.some((other) => readRecord(other)?.shmDirectory === folder)) continue; // its other half
    (removeSession({ folder, shmFolder }) ? removed : inUse).push(folder);
  }
  return { removed, inUse };
};

/** Every folder that looks like a session's, in private places only. */
export const sessionFolders = (): readonly string[] => {
  const around = surroundings();
  return allPlaces(around)
    .filter((place) => isPrivate(place, around.uid))
    .flatMap((place) => readdirSync(place).map((id) => `${place}/${id}`))
    .filter((folder) => isPrivate(folder, around.uid));
};

/**
 * Never throws: what cannot be removed now is removed by a later start.
 *
 * @returns whether all is gone; else what running processes need is left
 */
export const removeSession = ({ folder, shmFolder }: SessionFolders): boolean => {
  try {
    const since = (readRecord(shmFolder) ?? readRecord(folder))?.daemonStart ?? '0';
    if (!isUsed(shmFolder, since)) {
      new Set([shmFolder, folder]).forEach(removeFolder);
      return true;
    }
    for (const name of readdirSync(shmFolder))
      if (/^segment\.|^socket$/.test(name)) rmSync(`${shmFolder}/${name}`, { force: true });
  } catch {
    // Out of descriptors, or the folder went away meanwhile.
  }
  return false;
};

/**
 * Whether any process but this one was started in the session; where that cannot be told (no descriptors left), it is
 * believed.
 *
 * @param since when the session's daemon started: what is older cannot have been
 */
const isUsed = (shmFolder: string, since: StartTicks): boolean => {
  for (let pids = new Uint32Array(PIDS_GUESS); ; ) {
    const count = coreLibrary().pidsSince(Number(since), pids, pids.length);
    if (count < 0) return true;
    if (count <= pids.length)
      return pids.subarray(0, count).some((pid) => pid !== process.pid && uses(pid, shmFolder));
    pids = new Uint32Array(2 * count);
  }
};

/** Most sessions are young when they end. */
const PIDS_GUESS = 64;

/** There are only files in it, as a rule: most sessions go away without what rmSync has to load. */
const removeFolder = (folder: string): void => {
  try {
    for (const name of readdirSync(folder)) unlinkSync(`${folder}/${name}`);
    rmdirSync(folder);
  } catch {
    rmSync(folder, { recursive: true, force: true });
  }
};

const isAbandoned = (folder: string): boolean => {
  const record = readRecord(folder);
  if (record) return !isAlive(record.daemonPid, record.daemonStart);
  const stat = statSync(folder, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > YOUNG_MS;
};
