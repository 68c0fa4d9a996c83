/**
 * One process of the session as a Profile that grows while it runs: sites from the core, stacks with names.
 *
 * Owned by the live session. Refreshes of one process never overlap: a caller that comes while one is under way
 * gets the result of the next.
 */

import type { LiveBlock, SiteKind } from '../../proto/snapshot.js';
import type { Profile } from '../../views/profile.js';
import { SITE_KINDS } from '../../views/sites.js';
import type { Core, ProcessRecord, SiteTable } from '../core.js';
import type { Symbolizer } from '../symbols/symbolizer.js';
import { nameStacks } from './stacks.js';

export interface ProcessProfile {
  /** Takes in the modules seen since, so that their files are held before they can go away. Cheap. @param count of them */
  readonly holdModules: (count: number) => void;
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
  /** Whoever compares finds nothing new where nothing is. */
  let last: { readonly changes: number; readonly table: SiteTable; readonly profile: Profile } | null = null;

  const read = async (): Promise<Profile> => {
    const changes = changesOf(core.process(index));
    const known = last?.changes === changes ? last : null;
    // Sites first: whatever stack they name is then among the nodes.
    const table = known?.table ?? core.sites(index);
    await named.catchUp();
    const { node, ...figures } = table;
    const stacks = named.stacks();
    if (known?.profile.stacks.count === stacks.count) return known.profile;
    const stack = named.stacksOf(node.subarray(0, figures.count));
    const { modules, frames } = named;
    const profile = { modules, frames, stacks: named.stacks(), sites: { ...figures, stack } };
    last = { changes, table, profile };
    return profile;
  };

  const refresh = (): Promise<Profile> => {
    if (!running) {
      running = read().finally(() => {
        running = null;
      });
      return running;
    }
    const again = (): Promise<Profile> => {
      next = null;
      return refresh();
    };
    next ??= running.then(again, again); // what the one before failed of is its callers' business
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

  const holdModules = (count: number): void => {
    if (count > named.modules.length) named.holdModules();
  };

  return { holdModules, refresh, withLargestBlocks };
};

/** Grows with whatever happens to a site, also when that was read before and has waited for its turn. */
const changesOf = (record: ProcessRecord): number =>
  record.allocations +
  record.frees +
  record.maps +
  record.unmaps +
  2 * record.pythonAllocations -
  record.pythonLiveBlocks;

const NS_PER_MS = 1e6;

/** What has ended does not get older. */
const agesUntilMs = (core: Core, index: number): number => {
  const { endedNs } = core.process(index);
  return endedNs > 0 ? endedNs / NS_PER_MS : core.nowMs();
};

const kindName = (kind: number): SiteKind => SITE_KINDS[kind] ?? 'heap';
