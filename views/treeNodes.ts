/**
 * The nodes of a tree of stacks as numbers in flat arrays (there may be a million), and the frames they stand for.
 * Owned by views/tree.ts.
 */
import type { Index } from '../proto/snapshot.js';
import type { FrameName } from './group.js';

export interface TreeNode {
  readonly place: FrameName;
  /** False: a library's. */
  readonly user: boolean;
}

/** Frames that mean the same place have one number, in whatever process. */
export interface Frames {
  readonly number: (key: string, make: () => TreeNode) => Index;
  readonly ofNumber: (number: Index) => TreeNode | undefined;
  readonly count: () => number;
}

export const createFrames = (): Frames => {
  const numbers = new Map<string, Index>();
  const nodes: TreeNode[] = [];
  return {
    number: (key, make) => {
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, nodes.length);
      return nodes.push(make()) - 1;
    },
    ofNumber: (number) => nodes[number],
    count: () => nodes.length,
  };
};

/** A tree of numbers, in flat arrays: there may be a million nodes. */
export interface Nodes {
  readonly count: () => number;
  /** Below -1 are the roots. A parent's number is smaller than its children's. */
  readonly child: (parent: Index | -1, frame: Index) => Index;
  readonly frameOf: (node: Index) => Index;
  /** By node; longer than there are nodes. */
  readonly parents: () => Int32Array;
  readonly childrenOf: (node: Index | -1) => readonly Index[];
}

const FIRST_ROOM = 1024;

export const createNodes = (): Nodes => {
  let count = 0;
  let parents = new Int32Array(FIRST_ROOM);
  let frames = new Int32Array(FIRST_ROOM);
  /** The first child and the next sibling; -1 for none. Of the roots the first one is apart. */
  let first = new Int32Array(FIRST_ROOM);
  let next = new Int32Array(FIRST_ROOM);
  let firstRoot = -1;
  /** Open addressing, at most half full: node + 1, 0 for free. */
  let slots = new Int32Array(2 * FIRST_ROOM);

  const slotOf = (parent: Index | -1, frame: Index): number => {
    const mask = slots.length - 1;
    let at = hash(parent, frame) & mask;
    for (;;) {
      const node = (slots[at] ?? 0) - 1;
      if (node < 0 || (parents[node] === parent && frames[node] === frame)) return at;
      at = (at + 1) & mask;
    }
  };
  const grow = (): void => {
    parents = twice(parents);
    frames = twice(frames);
    first = twice(first);
    next = twice(next);
    slots = new Int32Array(2 * parents.length);
    for (let node = 0; node < count; node += 1)
      slots[slotOf(parents[node] ?? -1, frames[node] ?? 0)] = node + 1;
  };
  return {
    count: () => count,
    child: (parent, frame) => {
      const slot = slotOf(parent, frame);
      const known = (slots[slot] ?? 0) - 1;
      if (known >= 0) return known;
      const node = count;
      parents[node] = parent;
      frames[node] = frame;
      first[node] = -1;
      next[node] = parent < 0 ? firstRoot : (first[parent] ?? -1);
      if (parent < 0) firstRoot = node;
      else first[parent] = node;
      slots[slot] = node + 1;
      count += 1;
      if (count === parents.length) grow();
      return node;
    },
    frameOf: (node) => frames[node] ?? 0,
    parents: () => parents,
    childrenOf: (node) => {
      const children: Index[] = [];
      for (let at = node < 0 ? firstRoot : (first[node] ?? -1); at >= 0; at = next[at] ?? -1)
        children.push(at);
      return children;
    },
  };
};

const hash = (parent: number, frame: number): number => {
  let mixed = Math.imul(parent ^ 0x5bd1e995, 0x9e3779b1) ^ Math.imul(frame + 1, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
};

const twice = (values: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(2 * values.length);
  larger.set(values);
  return larger;
};
