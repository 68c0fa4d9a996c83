/**
 * One process of the session as a Profile that grows while it runs: sites from the core, stacks with names.
 *
 * Owned by the live session. Looks at one process never overlap: who asks for a profile while one is under way gets
 * that of the next.
 */

import { PROCESS_ENDED } from '../../proto/generated/layout.js';
import type { LiveBlock, SiteKind } from '../../proto/snapshot.js';
import type { Profile } from '../../views/profile.js';
import { SITE_KINDS, type SiteFigures } from '../../views/sites.js';
import { coreLibrary } from '../core/library.js';
import type { BlockTable, Core, ProcessRecord, SiteTable } from '../core.js';
import type { Symbolizer } from '../symbols/symbolizer.js';
import { type NamedStacks, nameStacks } from './stacks.js';

/** A profile and the record of the process of the same moment: Σ sites of a kind = its totals. */
export interface Look {
  readonly profile: Profile;
  readonly record: ProcessRecord;
}

export interface LookBeside<T> extends Look {
  readonly blocks: readonly LiveBlock[];
  readonly beside: T;
}

export interface ProcessProfile {
  /** Takes in the modules seen since, so that their files are held before they can go away. Cheap. @param count of them */
  readonly holdModules: (count: number) => void;
  /** It has ended: until somebody looks, nothing need be held for it. */
  readonly rest: () => void;
  readonly refresh: () => Promise<Profile>;
  /** A choice among the sites of the last profile (not 0: chosen) as one among those of the core. */
  readonly amongTheCores: (chosen: Uint8Array) => Uint8Array;
  /** A look of its own, with the largest live blocks and with what `beside` asks the core for, all of one moment. */
  readonly lookBeside: <T>(beside: () => T) => Promise<LookBeside<T>>;
}

export const processProfile = (
  core: Core,
  symbolizer: Symbolizer,
  index: number,
  pid: number,
): ProcessProfile => {
  let named: NamedStacks | null = null;
  /** Ends with the last look that was asked for. */
  let turn: Promise<void> = Promise.resolve();
  /** The one whose turn has not come. */
  let next: Promise<Look> | null = null;
  /** Whoever compares finds nothing new where nothing is. */
  let last: Look | null = null;
  /** Of each site of the core its number in the last profile; null: the same. */
  let numbers: Uint32Array | null = null;

  const names = (): NamedStacks => {
    named ??= nameStacks(core, symbolizer, index, pid);
    return named;
  };

  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const done = turn.then(task);
    turn = done.then(noMore, noMore); // what it brought, or failed of, is its caller's business
    return done;
  };

  const read = async <T>(beside: () => T): Promise<Look & { readonly beside: T }> => {
    const known = last;
    const { finish, besides } = core.atOnce(() => {
      const now = core.process(index);
      if (known && changesOf(known.record) === changesOf(now))
        return { finish: () => ({ profile: withNewStacks(known.profile), record: now }), besides: beside() };
      const table = core.sites(index);
      return { finish: () => ({ profile: profileOf(table), record: table.record }), besides: beside() };
    });
    // After the sites: whatever stack they name is then among the nodes.
    await names().catchUp();
    last = finish();
    return { ...last, beside: besides };
  };

  const profileOf = ({ record: _, node, ...figures }: SiteTable): Profile => {
    const named = names();
    const stack = named.stacksOf(node.subarray(0, figures.count));
    const merged = mergeSites(stack, figures);
    numbers = merged.numbers;
    const { modules, frames } = named;
    return { modules, frames, stacks: named.stacks(), sites: { ...figures, stack, count: merged.count } };
  };

  const withNewStacks = (profile: Profile): Profile => {
    const stacks = names().stacks();
    return profile.stacks.count === stacks.count ? profile : { ...profile, stacks };
  };

  const look = (): Promise<Look> => {
    next ??= inTurn(() => {
      next = null;
      return read(() => null);
    });
    return next;
  };

  const lookBeside: ProcessProfile['lookBeside'] = (beside) =>
    inTurn(async () => {
      const isFirst = last === null;
      const { profile, record, ...asked } = await read(() => ({
        largest: core.largestBlocks(index),
        nowMs: agesUntilMs(core, index),
        beside: beside(),
      }));
      const { largest, nowMs } = asked.beside;
      const blocks = liveBlocks(largest, names().stacksOf(largest.stack.subarray(0, largest.count)), nowMs);
      if (isFirst && record.state === PROCESS_ENDED) forget();
      return { profile, record, blocks, beside: asked.beside.beside };
    });

  /** Of each of a thousand compilers a snapshot may be written, and nobody looks again. */
  const forget = () => {
    core.forgetNames(index);
    named = null;
    last = null;
    numbers = null;
  };

  const holdModules = (count: number): void => {
    if (count > names().modules.length) names().holdModules();
  };

  const rest = (): void => {
    void inTurn(async () => {
      if (last === null) forget();
    });
  };

  const refresh = async (): Promise<Profile> => (await look()).profile;

  const amongTheCores = (chosen: Uint8Array): Uint8Array =>
    numbers === null ? chosen : Uint8Array.from(numbers, (number) => chosen[number] ?? 0);

  return { holdModules, rest, refresh, amongTheCores, lookBeside };
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

const noMore = (): void => {};

const NS_PER_MS = 1e6;

/** What has ended does not get older. */
const agesUntilMs = (core: Core, index: number): number => {
  const { endedNs } = core.process(index);
  return endedNs > 0 ? endedNs / NS_PER_MS : core.nowMs();
};

const liveBlocks = (
  { count, address, size, bornNs, kind }: BlockTable,
  stacks: Int32Array,
  nowMs: number,
): readonly LiveBlock[] => {
  const blocks: LiveBlock[] = [];
  for (let at = 0; at < count; at += 1) {
    const found = { address: address[at], bytes: size[at], kind: kindName(kind[at]) };
    const ageMs = Math.max(0, Math.round(nowMs - bornNs[at] / NS_PER_MS));
    blocks.push({ ...found, stack: stacks[at], ageMs });
  }
  return blocks;
};

const kindName = (kind: number): SiteKind => SITE_KINDS[kind] ?? 'heap';
