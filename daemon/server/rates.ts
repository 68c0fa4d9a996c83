/** How fast counters have grown over the last second or two. Owned by the header; one sampler per subject. */
import type { Rate } from '../../proto/messages.js';

export interface Look {
  readonly atMs: number;
  readonly allocations: number;
  readonly bytes: number;
}

/** Shorter spans say more about the clock than about the program. */
const SHORTEST_MS = 400;
const LONGEST_MS = 2000;
const APART_MS = 100;

/** @returns takes a look in, gives the rate since the oldest one that is kept; null while there is none */
export const createRate = (): ((look: Look) => Rate | null) => {
  let looks: Look[] = [];
  return (look) => {
    const last = looks.at(-1);
    if (!last || look.atMs - last.atMs >= APART_MS) looks.push(look);
    // One look from before the span stays: it is where the span starts.
    const firstInside = looks.findIndex(({ atMs }) => look.atMs - atMs <= LONGEST_MS);
    if (firstInside > 1) looks = looks.slice(firstInside - 1);
    const [first] = looks;
    const seconds = first ? (look.atMs - first.atMs) / 1000 : 0;
    if (!first || seconds * 1000 < SHORTEST_MS) return null;
    return {
      allocationsPerSecond: Math.max(0, look.allocations - first.allocations) / seconds,
      bytesPerSecond: Math.max(0, look.bytes - first.bytes) / seconds,
    };
  };
};
