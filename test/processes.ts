/** Other processes, as /proc tells of them. What is asked of one that has gone is nothing, not an error. */
import { readdirSync, readFileSync } from 'node:fs';
import { until } from './until.js';

/** Of all its threads; zombies are among them. */
export const childrenOf = (pid: number): readonly number[] =>
  threadsOf(pid)
    .flatMap((tid) => textOf(`${pid}/task/${tid}/children`).split(' '))
    .filter(Boolean)
    .map(Number);

/** The child whose program, or whose interpreter's script, has this text in its name; others may have it among their arguments. */
export const childWith = (pid: number, text: string): number => {
  const found = findChild(pid, text);
  if (found === undefined) throw new Error(`${pid} has no child with ${text}`);
  return found;
};

/** The same, or undefined. */
export const findChild = (pid: number, text: string): number | undefined =>
  childrenOf(pid).find((child) => {
    const words = commandOf(child).filter((word) => !word.startsWith('--'));
    return words.slice(0, 2).join(' ').includes(text);
  });

/** Its words; a zombie has none. */
export const commandOf = (pid: number): readonly string[] =>
  textOf(`${pid}/cmdline`).split('\0').slice(0, -1);

/** The child that calls itself so. */
export const childNamed = (pid: number, name: string): number => {
  const found = childrenOf(pid).find((child) => nameOf(child) === name);
  if (found === undefined) throw new Error(`${pid} has no child named ${name}`);
  return found;
};

/** What it calls itself, which `pkill` looks at. */
export const nameOf = (pid: number): string => textOf(`${pid}/comm`).trim();

export const threadsOf = (pid: number): readonly number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
};

/** One letter for each of its threads: `S` sleeps, `Z` is a zombie. */
export const statesOf = (pid: number): readonly string[] =>
  threadsOf(pid).flatMap((tid) => statOf(`${pid}/task/${tid}`).slice(0, 1));

/** It has begun and is not yet over: a zombie is. */
export const isRunning = (pid: number): boolean => !['Z', 'X', undefined].includes(statOf(String(pid))[0]);

export const sessionOf = (pid: number): number => Number(statOf(String(pid))[3]);

/** Until all its threads sleep and go on sleeping: its processor time no longer grows. */
export const untilAllSleep = async (pid: number): Promise<void> => {
  let before = '';
  let still = 0;
  await until(() => {
    const now = statOf(String(pid)).slice(11, 13).join(' ');
    still = now === before && statesOf(pid).every((state) => state === 'S') ? still + 1 : 0;
    before = now;
    return still > 30;
  });
};

/** The fields of its line of state, from the state on: the name before it may have blanks in it. */
const statOf = (path: string): readonly string[] => {
  const text = textOf(`${path}/stat`);
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
};

const textOf = (path: string): string => {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return '';
  }
};
