/** session.json: by what other commands find a session, written whole or not at all by its daemon alone. */
import { lstatSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { StartTicks } from './processes.js';

export interface SessionRecord {
  readonly id: string;
  readonly daemonPid: number;
  readonly daemonStart: StartTicks;
  readonly command: readonly string[];
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly socket: string;
  readonly shmDirectory: string;
  /** Of the first process; null until it runs. */
  readonly programPid: number | null;
  readonly programStart: StartTicks | null;
}

const FILE = 'session.json';

export const writeRecord = (folder: string, record: SessionRecord): void => {
  const temporary = `${folder}/.${FILE}`;
  writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, `${folder}/${FILE}`);
};

/** @returns null when there is none or it is not one */
export const readRecord = (folder: string): SessionRecord | null => {
  try {
    const path = `${folder}/${FILE}`;
    if (!lstatSync(path).isFile()) return null;
    const record: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isRecord(record) ? record : null;
  } catch {
    return null;
  }
};

const isRecord = (value: unknown): value is SessionRecord => {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<keyof SessionRecord, unknown>>;
  const isText = (each: unknown): boolean => typeof each === 'string';
  return (
    [fields.id, fields.daemonStart, fields.startedAt, fields.socket, fields.shmDirectory].every(isText) &&
    Number.isInteger(fields.daemonPid) &&
    Array.isArray(fields.command) &&
    fields.command.every(isText) &&
    (fields.programPid === null || Number.isInteger(fields.programPid)) &&
    (fields.programStart === null || isText(fields.programStart))
  );
};
