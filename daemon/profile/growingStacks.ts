/** The columns of a tree of stacks while it grows. What was given out stays as it was. */
import type { Stacks } from '../../views/profile.js';

export interface GrowingStacks {
  /** @returns the number of the new node */
  readonly push: (parent: number, frame: number) => number;
  readonly now: () => Stacks;
}

const FIRST_CAPACITY = 16; // most processes of a build have few, or are never asked about

export const growingStacks = (): GrowingStacks => {
  let count = 0;
  let parents = new Int32Array(FIRST_CAPACITY);
  let frames = new Int32Array(FIRST_CAPACITY);
  return {
    push: (parent, frame) => {
      if (count === parents.length) {
        parents = doubled(parents);
        frames = doubled(frames);
      }
      parents[count] = parent;
      frames[count] = frame;
      count += 1;
      return count - 1;
    },
    now: () => ({ count, parent: parents, frame: frames }),
  };
};

const doubled = (from: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
  const to = new Int32Array(2 * from.length);
  to.set(from);
  return to;
};
