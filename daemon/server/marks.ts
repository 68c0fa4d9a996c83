/**
 * Marks: what all processes had at a moment, kept as the profiles of that moment. Arrays of a profile only grow and
 * groups keep their numbers, so that a difference is a subtraction whatever has come since.
 *
 * Owned by the server; a mark lives until its client drops it.
 */
import type { MarkedLive, MarkNumber } from '../../proto/messages.js';
import type { Index, SiteCounters } from '../../proto/snapshot.js';
import type { Profile } from '../../views/profile.js';
import { countersOf, SITE_KINDS, type Sites, sumSites } from '../../views/sites.js';
import type { LiveSession } from '../live.js';
import { ViewFault } from './fault.js';
import type { LiveProfile } from './groups.js';

export interface Mark {
  readonly takenAt: string;
  readonly profiles: readonly LiveProfile[];
}

export interface Marks {
  readonly set: () => Promise<SetMark>;
  readonly drop: (mark: MarkNumber) => void;
  /** @throws ViewFault when there is none of this number */
  readonly find: (mark: MarkNumber) => Mark;
}

export interface SetMark {
  readonly mark: MarkNumber;
  readonly takenAt: string;
  readonly live: readonly MarkedLive[];
}

export const createMarks = (live: LiveSession): Marks => {
  const marks = new Map<MarkNumber, Mark>();
  let last = 0;
  return {
    set: async () => {
      const takenAt = new Date(live.nowMs()).toISOString();
      const traced = live.processes().filter(({ info }) => info.untraced === undefined);
      const profiles = await Promise.all(
        traced.map(async ({ index }) => ({ index, profile: await live.profile(index) })),
      );
      last += 1;
      marks.set(last, { takenAt, profiles });
      return { mark: last, takenAt, live: profiles.map(liveOf) };
    },
    drop: (mark) => marks.delete(mark),
    find: (mark) => {
      const found = marks.get(mark);
      if (!found) throw new ViewFault('no-mark', `There is no mark ${mark} any more.`);
      return found;
    },
  };
};

const liveOf = ({ index, profile }: LiveProfile): MarkedLive => ({
  index,
  liveBytes: sumSites(profile.sites, 'payload').liveBytes,
});

const bySite = new WeakMap<Profile, ReadonlyMap<number, Index>>();

/** @returns the figures that a site of `now` had then, when there was one of its stack and kind */
export const siteBefore = (then: Profile, now: Profile): ((site: Index) => SiteCounters | undefined) => {
  const known = bySite.get(then) ?? numbersOf(then.sites);
  bySite.set(then, known);
  return (site) => {
    const before = known.get(keyOf(now.sites, site));
    return before === undefined ? undefined : countersOf(then.sites, before);
  };
};

const numbersOf = (sites: Sites): ReadonlyMap<number, Index> => {
  const numbers = new Map<number, Index>();
  for (let site = 0; site < sites.count; site += 1) numbers.set(keyOf(sites, site), site);
  return numbers;
};

const keyOf = ({ stack, kind }: Sites, site: Index): number => stack[site] * SITE_KINDS.length + kind[site];
