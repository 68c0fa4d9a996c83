/**
 * What every view works on: the part of a snapshot that says who allocated what. The live daemon keeps the same, and
 * only ever appends to `modules`, `frames` and `stacks`.
 */
import type { Frame, Index, Module, Snapshot, StackNode } from '../proto/snapshot.js';
import { type Sites, sitesOf } from './sites.js';

export interface Profile {
  readonly modules: readonly Module[];
  readonly frames: readonly Frame[];
  readonly stacks: Stacks;
  readonly sites: Sites;
}

/**
 * The tree of stacks in columns: there may be tens of millions of nodes, and an object each is eight times as large.
 * A parent stands before its children. The arrays may be longer than `count`; what they hold up to there never
 * changes.
 */
export interface Stacks {
  readonly count: number;
  /** -1: a root. */
  readonly parent: Int32Array;
  readonly frame: Int32Array;
}

/** A snapshot in memory. */
export type Recording = Omit<Snapshot, 'stacks' | 'sites'> & Profile;

export const stacksOf = (nodes: readonly StackNode[]): Stacks => {
  const parent = new Int32Array(nodes.length);
  const frame = new Int32Array(nodes.length);
  nodes.forEach((node, at) => {
    parent[at] = node.parent;
    frame[at] = node.frame;
  });
  return { count: nodes.length, parent, frame };
};

export const recordingOf = (snapshot: Snapshot): Recording => ({
  ...snapshot,
  stacks: stacksOf(snapshot.stacks),
  sites: sitesOf(snapshot.sites),
});

/** The frame of a node; null for one that is not there. */
export const frameAt = (
  { stacks, frames }: Pick<Profile, 'stacks' | 'frames'>,
  stack: Index,
): Frame | null => (stack >= 0 && stack < stacks.count ? (frames[stacks.frame[stack]] ?? null) : null);

/** The frames of a stack, innermost first. */
export const framesOf = (profile: Pick<Profile, 'stacks' | 'frames'>, stack: Index): readonly Frame[] => {
  const frames: Frame[] = [];
  for (let at = stack; at >= 0; at = profile.stacks.parent[at]) {
    const frame = frameAt(profile, at);
    if (!frame) break;
    frames.push(frame);
  }
  return frames;
};

/** Path of the frame's module, or null for a frame outside every module. */
export const modulePath = (profile: Pick<Profile, 'modules'>, frame: Frame): string | null =>
  profile.modules[frame.module]?.path ?? null;
