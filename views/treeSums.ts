/**
 * Sums of many nodes, one array per counter: summing one up walks through memory in order. Owned by views/tree.ts.
 */
import type { SiteCounters } from '../proto/snapshot.js';
import { countersOf, type Sites } from './sites.js';

export interface NodeCounters extends SiteCounters {
  readonly grownBytes: number;
  readonly grownBlocks: number;
  /** By how much its sites have grown or shrunk, in bytes and blocks: 0 where nothing has changed. */
  readonly moved: number;
}

export type Sums = { readonly [Name in keyof NodeCounters]: Float64Array };

const makeSums = (room: number): Sums => ({
  liveBytes: new Float64Array(room),
  liveBlocks: new Float64Array(room),
  totalBytes: new Float64Array(room),
  totalBlocks: new Float64Array(room),
  peakBytes: new Float64Array(room),
  peakBlocks: new Float64Array(room),
  temporaryBlocks: new Float64Array(room),
  grownBytes: new Float64Array(room),
  grownBlocks: new Float64Array(room),
  moved: new Float64Array(room),
});

/** The sums of so many nodes. */
export interface SumTable {
  /** Zeroes; those given before are taken back. */
  readonly cleared: (nodes: number) => Sums;
  /** At least so many; what was summed up stays. */
  readonly grown: (nodes: number) => Sums;
}

export const createSumTable = (firstRoom = 0): SumTable => {
  let sums = makeSums(firstRoom);
  return {
    cleared: (nodes) => {
      if (sums.liveBytes.length < nodes) sums = makeSums(Math.ceil(nodes * 1.25));
      else for (const field of Object.values(sums)) field.fill(0, 0, nodes);
      return sums;
    },
    grown: (nodes) => {
      if (nodes <= sums.liveBytes.length) return sums;
      const larger = makeSums(2 * nodes);
      for (const name of NAMES) larger[name].set(sums[name]);
      sums = larger;
      return sums;
    },
  };
};

const NAMES = Object.keys(makeSums(0)) as readonly (keyof NodeCounters)[];

/** Site number `site` to node `at`. */
export const addToNode = (
  sums: Sums,
  at: number,
  sites: Sites,
  site: number,
  before: SiteCounters | undefined,
): void => {
  sums.liveBytes[at] += sites.liveBytes[site];
  sums.liveBlocks[at] += sites.liveBlocks[site];
  sums.totalBytes[at] += sites.totalBytes[site];
  sums.totalBlocks[at] += sites.totalBlocks[site];
  sums.peakBytes[at] += sites.peakBytes[site];
  sums.peakBlocks[at] += sites.peakBlocks[site];
  sums.temporaryBlocks[at] += sites.temporaryBlocks[site];
  const grownBytes = sites.liveBytes[site] - (before?.liveBytes ?? 0);
  const grownBlocks = sites.liveBlocks[site] - (before?.liveBlocks ?? 0);
  sums.grownBytes[at] += grownBytes;
  sums.grownBlocks[at] += grownBlocks;
  sums.moved[at] += Math.abs(grownBytes) + Math.abs(grownBlocks);
};

/**
 * Adds every node to its parent; what has none, to the place `count`.
 *
 * @param parents by node, of smaller numbers than their children; -1 for none
 */
export const addToParents = (sums: Sums, parents: Int32Array, count: number): void => {
  for (const name of NAMES) {
    const field = sums[name];
    for (let node = count - 1; node >= 0; node -= 1) {
      const parent = parents[node];
      field[parent < 0 ? count : parent] += field[node];
    }
  }
};

export const countersAt = (sums: Sums, at: number): NodeCounters => ({
  ...countersOf(sums, at),
  grownBytes: sums.grownBytes[at],
  grownBlocks: sums.grownBlocks[at],
  moved: sums.moved[at],
});
