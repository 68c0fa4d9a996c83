/**
 * What every view works on: the part of a snapshot that says who allocated what. The live daemon keeps the same, and
 * only ever appends to `modules`, `frames` and `stacks`.
 */
import type {
  Frame,
  Index,
  KindFilter,
  Module,
  Site,
  SiteCounters,
  SiteKind,
  Snapshot,
  StackNode,
} from '../proto/snapshot.js';

export interface Profile {
  readonly modules: readonly Module[];
  readonly frames: readonly Frame[];
  readonly stacks: Stacks;
  readonly sites: readonly Site[];
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
export type Recording = Omit<Snapshot, 'stacks'> & Profile;

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

export const kindMatches = (kind: SiteKind, filter: KindFilter): boolean =>
  filter === 'all' || kind === filter || (filter === 'payload' && kind !== 'mmap');

/** Counters that are being summed up. */
export type Sum = { -readonly [Name in keyof SiteCounters]: number };

export const emptySum = (): Sum => ({
  liveBytes: 0,
  liveBlocks: 0,
  totalBytes: 0,
  totalBlocks: 0,
  peakBytes: 0,
  peakBlocks: 0,
  temporaryBlocks: 0,
});

/** Adds in place: sums are made from hundreds of thousands of sites. */
export const addTo = (sum: Sum, site: SiteCounters): void => {
  sum.liveBytes += site.liveBytes;
  sum.liveBlocks += site.liveBlocks;
  sum.totalBytes += site.totalBytes;
  sum.totalBlocks += site.totalBlocks;
  sum.peakBytes += site.peakBytes;
  sum.peakBlocks += site.peakBlocks;
  sum.temporaryBlocks += site.temporaryBlocks;
};

/** The sum over sites (or rows) of one kind (or of all). */
export const sumSites = (sites: readonly Site[], kind: KindFilter): SiteCounters => {
  const sum = emptySum();
  for (const site of sites) if (kindMatches(site.kind, kind)) addTo(sum, site);
  return sum;
};
