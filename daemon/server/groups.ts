/**
 * Sites of live processes summed up by group, with everything kept that stays true: the group of a stack never
 * changes and the arrays of a process only grow, so that a refresh costs one addition per site.
 *
 * Owned by the views of one session. One table of groups per grouping serves all processes: that gives rows a
 * number that stays, and the sum over all processes.
 */
import type { GroupBy, Index, KindFilter, SiteCounters } from '../../proto/snapshot.js';
import {
  createGroupTable,
  type Group,
  type Grouping,
  type GroupTable,
  groupStacks,
  sumGroups,
} from '../../views/group.js';
import { addTo, emptySum, type Profile, type Sum } from '../../views/profile.js';

export interface LiveProfile {
  /** Of the process. */
  readonly index: Index;
  readonly profile: Profile;
}

export interface Sums {
  /** Every group seen so far, by number. */
  readonly groups: readonly Group[];
  /** By the number of the group; undefined for groups that these processes have nothing of. */
  readonly sums: readonly (SiteCounters | undefined)[];
}

export type SumUp = (profiles: readonly LiveProfile[], by: GroupBy, kind: KindFilter) => Sums;

export const createSumUp = (): SumUp => {
  const tables = new Map<GroupBy, GroupTable>();
  const groupings = new Map<string, Grouping>();
  /** Several subscriptions ask for the same sums of the same profile, in another order. */
  const known = new WeakMap<Profile, Map<string, readonly (SiteCounters | undefined)[]>>();

  const tableOf = (by: GroupBy): GroupTable => remember(tables, by, () => createGroupTable(by));

  const sumsOf = ({ index, profile }: LiveProfile, by: GroupBy, kind: KindFilter) => {
    const ofProfile = known.get(profile) ?? new Map<string, readonly (SiteCounters | undefined)[]>();
    known.set(profile, ofProfile);
    return remember(ofProfile, `${by} ${kind}`, () => {
      const grouping = remember(groupings, `${by} ${index}`, () => groupStacks(tableOf(by), profile));
      grouping.catchUp(profile);
      return sumGroups(grouping, profile.sites, kind);
    });
  };

  return (profiles, by, kind) => {
    const each = profiles.map((profile) => sumsOf(profile, by, kind));
    return { groups: tableOf(by).groups, sums: each.length === 1 ? (each[0] ?? []) : added(each) };
  };
};

const added = (
  each: readonly (readonly (SiteCounters | undefined)[])[],
): readonly (SiteCounters | undefined)[] => {
  const sums: (Sum | undefined)[] = [];
  for (const ofProcess of each)
    ofProcess.forEach((counters, group) => {
      if (!counters) return;
      const sum = sums[group] ?? emptySum();
      sums[group] = sum;
      addTo(sum, counters);
    });
  return sums;
};

const remember = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
};
