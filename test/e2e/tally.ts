/**
 * What an independent preload counted of a run (test/programs/preload/libtally.c). Under memtrace it stands behind
 * the shim and counts the same run: nothing that differs from run to run can blur the comparison.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Snapshot } from '../../proto/snapshot.js';
import { newFolder } from '../folders.js';
import { program } from '../places.js';

/** Of one process image, in the terms of memtrace: a reallocation is one free and one allocation. */
export interface Tally {
  readonly pid: number;
  readonly program: string;
  readonly allocations: number;
  readonly frees: number;
  readonly bytes: number;
}

export interface Tallying {
  readonly env: Readonly<Record<string, string>>;
  readonly read: () => readonly Tally[];
}

export const tallying = (): Tallying => {
  const folder = newFolder();
  return {
    env: { LD_PRELOAD: program('libtally.so'), TALLY_DIR: folder },
    read: () =>
      readdirSync(folder)
        .map((name) => join(folder, name))
        .filter((path) => statSync(path).size > 0) // else it is just being made
        .map(tallyIn)
        .filter((each) => !PARTS.has(each.program))
        .toSorted(byText),
  };
};

/** Our own parts get the caller's environment too. */
const PARTS: ReadonlySet<string> = new Set(['memtrace', 'memtrace-symbolizer', 'node']);

/** A struct tally: eight numbers, then the executable. */
const tallyIn = (path: string): Tally => {
  const content = readFileSync(path);
  const number = (index: number): number => Number(content.readBigUInt64LE(8 * index));
  return {
    pid: Number(basename(path).split('.')[0]),
    program: basename(content.toString('utf8', 64, content.indexOf(0, 64))),
    allocations: number(0) + number(1) + number(2) + number(3) + number(4),
    frees: number(5) + number(3) + number(6),
    bytes: number(7),
  };
};

/** The same of snapshots. That a child freed its parent's blocks is told apart there, and not by the preload. */
export const asTallies = (snapshots: readonly Snapshot[]): readonly Tally[] =>
  snapshots
    .map(({ process, capture, totals }) => ({
      pid: process.pid,
      program: basename(process.executable),
      allocations: capture.allocations,
      frees: capture.frees + (process.inherited?.frees ?? 0),
      bytes: totals.totalBytes,
    }))
    .toSorted(byText);

const byText = (a: Tally, b: Tally): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
