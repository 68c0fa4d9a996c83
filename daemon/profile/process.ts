/**
 * One process of the session as a Profile that grows while it runs: sites from the core, stacks with names.
 *
 * Owned by the live session. Refreshes of one process never overlap: a caller that comes while one is under way
 * gets the result of the next.
 */

import type { LiveBlock, SiteKind } from '../../proto/snapshot.js';
import type { Profile } from '../../views/profile.js';
import { SITE_KINDS, type SiteFigures } from '../../views/sites.js';
import { coreLibrary } from '../core/library.js';
import type { Core, ProcessRecord } from '../core.js';
import type { Symbolizer } from '../symbols/symbolizer.js';
import { nameStacks } from './stacks.js';

/** A profile and the record of the process of the same moment: Σ sites of a kind = its totals. */
export interface Look {
  readonly profile: Profile;
  readonly record: ProcessRecord;
}

export interface ProcessProfile {
  /** Takes in the modules seen since, so that their files are held before they can go away. Cheap. @param count of them */
  readonly holdModules: (count: number) => void;
  readonly refresh: () => Promise<Profile>;
  /** A choice among the sites of the last profile (not 0: chosen) as one among those of the core. */
  readonly amongTheCores: (chosen: Uint8Array) => Uint8Array;
  /** With the profile that their stacks are in. */
  readonly withLargestBlocks: () => Promise<Look & { readonly blocks: readonly LiveBlock[] }>;
}

export const processProfile = (
  core: Core,
  symbolizer: Symbolizer,
  index: number,
  pid: number,
): ProcessProfile => {
  const named = nameStacks(core, symbolizer, index, pid);
  let running: Promise<Look> | null = null;
  let next: Promise<Look> | null = null;
  /** Whoever compares finds nothing new where nothing is. */
  let last: Look | null = null;
  /** Of each site of the core its number in the last profile; null: the same. */
  let numbers: Uint32Array | null = null;

  const read = async (): Promise<Look> => {
    const known = last;
    const now = core.process(index);
    if (known && changesOf(known.record) === changesOf(now)) {
      await named.catchUp();
      if (known.profile.stacks.count === named.stacks().count) return { ...known, record: now };
    }
    // Sites first: whatever stack they name is then among the nodes.
    const { record, node, ...figures } = core.sites(index);
    await named.catchUp();
    const stack = named.stacksOf(node.subarray(0, figures.count));
    const { modules, frames } = named;
    const merged = mergeSites(stack, figures);
    numbers = merged.numbers;
    const sites = { ...figures, stack, count: merged.count };
    const profile = { modules, frames, stacks: named.stacks(), sites };
    last = { profile, record };
    return last;
  };

  const look = (): Promise<Look> => {
    if (!running) {
      running = read().finally(() => {
        running = null;
      });
      return running;
    }
    const again = (): Promise<Look> => {
      next = null;
      return look();
    };
    next ??= running.then(again, again); // what the one before failed of is its callers' business
    return next;
  };

  const withLargestBlocks: ProcessProfile['withLargestBlocks'] = async () => {
    // First, as the sites of `read`.
    const { count, address, size, bornNs, stack, kind } = core.largestBlocks(index);
    const nowMs = agesUntilMs(core, index);
    const { profile, record } = await look();
    const stacks = named.stacksOf(stack.subarray(0, count));
    const blocks: LiveBlock[] = [];
    for (let at = 0; at < count; at += 1) {
      const found = { address: address[at], bytes: size[at], kind: kindName(kind[at]) };
      const ageMs = Math.max(0, Math.round(nowMs - bornNs[at] / NS_PER_MS));
      blocks.push({ ...found, stack: stacks[at], ageMs });
    }
    return { profile, record, blocks };
  };

  const holdModules = (count: number): void => {
    if (count > named.modules.length) named.holdModules();
  };

  const refresh = async (): Promise<Profile> => (await look()).profile;

  const amongTheCores = (chosen: Uint8Array): Uint8Array =>
    numbers === null ? chosen : Uint8Array.from(numbers, (number) => chosen[number] ?? 0);

  return { holdModules, refresh, amongTheCores, withLargestBlocks };
};

/**
 * Makes one of all sites of one stack and kind, in place: several nodes may be of one stack.
 *
 * @returns how many are left, and the number that each has now; null: the same as before
 */
const mergeSites = (
  stack: Int32Array,
  { kind, counters, count }: SiteFigures,
): { readonly count: number; readonly numbers: Uint32Array | null } => {
  const numbers = new Uint32Array(count);
  const left = coreLibrary().mergeSites(stack, kind, counters, kind.length, count, numbers);
  return { count: left, numbers: left === count ? null : numbers };
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
