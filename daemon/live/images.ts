/**
 * The process images of a session by pid: exec gives a pid another image, and a pid may be used again.
 *
 * Asked at each look at a session that may have seen a hundred thousand of them: never walks over all.
 */
import type { ProcessRecord } from '../core.js';

export interface Images {
  /** To be told of each record that has changed, and by rising index of each that is new. */
  readonly add: (record: ProcessRecord) => void;
  /** By rising index. */
  readonly of: (pid: number) => readonly number[];
  readonly lastOf: (pid: number) => number | null;
}

export const createImages = (): Images => {
  const images = new Map<number, number[]>();
  const of = (pid: number): readonly number[] => images.get(pid) ?? [];
  return {
    add: ({ pid, index }) => {
      if (pid <= 0) return; // not known: it ran in another pid namespace
      const known = images.get(pid);
      if (!known) images.set(pid, [index]);
      else if (index > (known.at(-1) ?? index)) known.push(index);
    },
    of,
    lastOf: (pid) => of(pid).at(-1) ?? null,
  };
};
