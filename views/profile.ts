/**
 * What every view works on: the part of a snapshot that says who allocated what. The live daemon keeps the same
 * four arrays and only ever appends to `modules`, `frames` and `stacks`.
 */
import type {
  Frame,
  Index,
  KindFilter,
  Module,
  Site,
  SiteCounters,
  SiteKind,
  StackNode,
} from '../proto/snapshot.js';

export interface Profile {
  readonly modules: readonly Module[];
  readonly frames: readonly Frame[];
  /** A parent stands before its children. */
  readonly stacks: readonly StackNode[];
  readonly sites: readonly Site[];
}

/** The frames of a stack, innermost first. */
export const framesOf = (profile: Pick<Profile, 'stacks' | 'frames'>, stack: Index): readonly Frame[] => {
  const frames: Frame[] = [];
  for (let at = stack; at >= 0; ) {
    const node = profile.stacks[at];
    const frame = node && profile.frames[node.frame];
    if (!node || !frame) break;
    frames.push(frame);
    at = node.parent;
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
