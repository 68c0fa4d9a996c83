/**
 * Sites of live processes summed up by group, with everything kept that stays true: the group of a stack never
 * changes and the arrays of a process only grow, so that a refresh costs one addition per site.
 *
 * Owned by the views of one session. One table of groups per grouping serves all processes: that gives rows a
 * number that stays, and the sum over all processes.
 */
import type { GroupBy, Index, KindFilter, SiteCounters } from '../../proto/snapshot.js';
import { type Blame, blameStacks } from '../../views/blame.js';
import {
  createGroupTable,
  type Group,
  type Grouping,
  type GroupTable,
  groupStacks,
  sumGroups,
} from '../../views/group.js';
import type { Profile } from '../../views/profile.js';
import { addTo, emptySum, type Sum } from '../../views/sites.js';

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

export interface SumUp {
  readonly all: (profiles: readonly LiveProfile[], by: GroupBy, kind: KindFilter) => Sums;
  /** Only of what belongs to one group of another grouping. */
  readonly within: (
    profiles: readonly LiveProfile[],
    by: GroupBy,
    kind: KindFilter,
    other: GroupBy,
    group: Index,
  ) => Sums;
  /** Whether a stack belongs to a group. */
  readonly belongs: (of: LiveProfile, by: GroupBy, group: Index) => (stack: Index) => boolean;
}

export const createSumUp = (): SumUp => {
  const tables = new Map<GroupBy, GroupTable>();
  const groupings = new Map<string, Grouping>();
  /** By process: all groupings blame alike. */
  const blames = new Map<Index, Blame>();
  /** Several subscriptions ask for the same sums of the same profile, in another order. */
  const known = new WeakMap<Profile, Map<string, readonly (SiteCounters | undefined)[]>>();

  const tableOf = (by: GroupBy): GroupTable => remember(tables, by, () => createGroupTable(by));

  const groupingOf = ({ index, profile }: LiveProfile, by: GroupBy): Grouping => {
    const grouping = remember(groupings, `${by} ${index}`, () =>
      groupStacks(
        tableOf(by),
        profile,
        remember(blames, index, () => blameStacks(profile)),
      ),
    );
    grouping.catchUp(profile);
    return grouping;
  };

  const sumsOf = ({ index, profile }: LiveProfile, by: GroupBy, kind: KindFilter) => {
    const ofProfile = known.get(profile) ?? new Map<string, readonly (SiteCounters | undefined)[]>();
    known.set(profile, ofProfile);
    return remember(ofProfile, `${by} ${kind}`, () => {
      return sumGroups(groupingOf({ index, profile }, by), profile.sites, kind);
    });
  };
  const together = (by: GroupBy, each: readonly Sums['sums'][]): Sums => ({
    groups: tableOf(by).groups,
    sums: each.length === 1 ? (each[0] ?? []) : added(each),
  });

  const belongs: SumUp['belongs'] = (of, by, group) => {
    const grouping = groupingOf(of, by);
    return (stack) => grouping.groupOf(stack) === group;
  };

  return {
    belongs,
    all: (profiles, by, kind) =>
      together(
        by,
        profiles.map((profile) => sumsOf(profile, by, kind)),
      ),
    within: (profiles, by, kind, other, group) =>
      together(
        by,
        profiles.map((of) => {
          return sumGroups(groupingOf(of, by), of.profile.sites, kind, belongs(of, other, group));
        }),
      ),
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
