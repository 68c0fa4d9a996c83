/**
 * One process of the session as a Profile that grows while it runs: sites from the core, stacks with names.
 *
 * Owned by the live session. Refreshes of one process never overlap: a caller that comes while one is under way
 * gets the result of the next.
 */

import { SITE_MMAP, SITE_PYTHON } from '../../proto/generated/layout.js';
import type { LiveBlock, Site, SiteKind } from '../../proto/snapshot.js';
import type { Profile } from '../../views/profile.js';
import type { Core, SiteTable } from '../core.js';
import type { Symbolizer } from '../symbols/symbolizer.js';
import { nameStacks } from './stacks.js';

export interface ProcessProfile {
  /** Takes in the modules seen since, so that their files are held before they can go away. Cheap. */
  readonly holdModules: () => void;
  readonly refresh: () => Promise<Profile>;
  /** With the profile that their stacks are in. */
  readonly withLargestBlocks: () => Promise<readonly [Profile, readonly LiveBlock[]]>;
}

export const processProfile = (
  core: Core,
  symbolizer: Symbolizer,
  index: number,
  pid: number,
): ProcessProfile => {
  const named = nameStacks(core, symbolizer, index, pid);
  let running: Promise<Profile> | null = null;
  let next: Promise<Profile> | null = null;
  let table: SiteTable | undefined;
  let known: readonly Site[] = [];

  const read = async (): Promise<Profile> => {
    // Sites first: whatever stack they name is then among the nodes.
    table = core.sites(index, table);
    const sites = table;
    await named.catchUp();
    const stacks = named.stacksOf(sites.stack.subarray(0, sites.count));
    const rows = known.slice(0, sites.count);
    for (let at = 0; at < sites.count; at += 1) {
      const before = rows[at];
      if (!before) rows.push(siteAt(sites, at, stacks[at]));
      else if (before.stack !== stacks[at] || !isAsBefore(before, sites, at))
        rows[at] = siteAt(sites, at, stacks[at]);
    }
    known = rows;
    return { modules: named.modules, frames: named.frames, stacks: named.stacks(), sites: rows };
  };

  const refresh = (): Promise<Profile> => {
    if (!running) {
      running = read().finally(() => {
        running = null;
      });
      return running;
    }
    next ??= running.then(() => {
      next = null;
      return refresh();
    });
    return next;
  };

  const withLargestBlocks = async (): Promise<readonly [Profile, readonly LiveBlock[]]> => {
    // First, as the sites of `read`.
    const { count, address, size, bornNs, stack, kind } = core.largestBlocks(index);
    const nowMs = agesUntilMs(core, index);
    const profile = await refresh();
    const stacks = named.stacksOf(stack.subarray(0, count));
    const blocks: LiveBlock[] = [];
    for (let at = 0; at < count; at += 1) {
      const found = { address: address[at], bytes: size[at], kind: kindName(kind[at]) };
      const ageMs = Math.max(0, Math.round(nowMs - bornNs[at] / NS_PER_MS));
      blocks.push({ ...found, stack: stacks[at], ageMs });
    }
    return [profile, blocks];
  };

  return { holdModules: named.holdModules, refresh, withLargestBlocks };
};

const siteAt = (sites: SiteTable, at: number, stack: number): Site => ({
  stack,
  kind: kindName(sites.kind[at]),
  liveBytes: compact(sites.liveBytes[at]),
  liveBlocks: compact(sites.liveBlocks[at]),
  totalBytes: compact(sites.totalBytes[at]),
  totalBlocks: compact(sites.totalBlocks[at]),
  peakBytes: compact(sites.peakBytes[at]),
  peakBlocks: compact(sites.peakBlocks[at]),
  temporaryBlocks: compact(sites.temporaryBlocks[at]),
});

/** A site keeps its number and its kind; most change nothing between two looks. */
const isAsBefore = (before: Site, sites: SiteTable, at: number): boolean =>
  before.totalBlocks === sites.totalBlocks[at] &&
  before.liveBytes === sites.liveBytes[at] &&
  before.liveBlocks === sites.liveBlocks[at] &&
  before.totalBytes === sites.totalBytes[at] &&
  before.peakBytes === sites.peakBytes[at] &&
  before.peakBlocks === sites.peakBlocks[at] &&
  before.temporaryBlocks === sites.temporaryBlocks[at];

const NS_PER_MS = 1e6;

/** What has ended does not get older. */
const agesUntilMs = (core: Core, index: number): number => {
  const { endedNs } = core.process(index);
  return endedNs > 0 ? endedNs / NS_PER_MS : core.nowMs();
};

/** V8 keeps a small integer in the object itself, and any other number in a box of its own: half of a site's memory. */
const compact = (count: number): number => (count < SMALL ? count | 0 : count);
const SMALL = 2 ** 31;

const kindName = (kind: number): SiteKind =>
  kind === SITE_MMAP ? 'mmap' : kind === SITE_PYTHON ? 'python' : 'heap';
