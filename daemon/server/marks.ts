/**
 * Marks: what all processes had at a moment, kept as the profiles of that moment. Arrays of a profile only grow and
 * groups keep their numbers, so that a difference is a subtraction whatever has come since.
 *
 * Owned by the server; a mark lives until its client drops it.
 */
import type { MarkNumber } from '../../proto/messages.js';
import type { Index, Site, SiteCounters } from '../../proto/snapshot.js';
import type { Profile } from '../../views/profile.js';
import type { LiveSession } from '../live.js';
import { ViewFault } from './fault.js';
import type { LiveProfile } from './groups.js';

export interface Mark {
  readonly takenAt: string;
  readonly profiles: readonly LiveProfile[];
}

export interface Marks {
  readonly set: () => Promise<{ readonly mark: MarkNumber; readonly takenAt: string }>;
  readonly drop: (mark: MarkNumber) => void;
  /** @throws ViewFault when there is none of this number */
  readonly find: (mark: MarkNumber) => Mark;
}

export const createMarks = (live: LiveSession): Marks => {
  const marks = new Map<MarkNumber, Mark>();
  let last = 0;
  return {
    set: async () => {
      const takenAt = new Date().toISOString();
      const traced = live.processes().filter(({ info }) => info.untraced === undefined);
      const profiles = await Promise.all(
        traced.map(async ({ index }) => ({ index, profile: await live.profile(index) })),
      );
      last += 1;
      marks.set(last, { takenAt, profiles });
      return { mark: last, takenAt };
    },
    drop: (mark) => marks.delete(mark),
    find: (mark) => {
      const found = marks.get(mark);
      if (!found) throw new ViewFault('no-mark', `There is no mark ${mark} any more.`);
      return found;
    },
  };
};

const bySite = new WeakMap<Profile, ReadonlyMap<number, Site>>();
const KINDS: readonly Site['kind'][] = ['heap', 'mmap', 'python'];

/** @returns the figures that a site of the same stack and kind had then */
export const siteBefore = (then: Profile): ((site: Site) => SiteCounters | undefined) => {
  const known = bySite.get(then) ?? new Map(then.sites.map((site) => [keyOf(site), site]));
  bySite.set(then, known);
  return (site) => known.get(keyOf(site));
};

const keyOf = ({ stack, kind }: Site): Index => stack * KINDS.length + Math.max(0, KINDS.indexOf(kind));
