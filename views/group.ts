/**
 * Rows of a report: sites summed up by source line, function, file, module or whole stack.
 *
 * Every site belongs to exactly one row, the one of the frame its stack is blamed on (views/blame.ts), so that
 * Σ rows = Σ sites whatever the grouping, and a recursion counts once. Rows are told apart by names, never by
 * addresses: by function, file and line; without a line by module and function; without a name by module and
 * offset. One table of groups can serve several profiles: that is how two snapshots are compared.
 */
import type { Frame, GroupBy, Index, KindFilter, Site, SiteCounters } from '../proto/snapshot.js';
import { type Blame, blameStacks } from './blame.js';
import { addTo, emptySum, kindMatches, modulePath, type Profile, type Sum } from './profile.js';

/** What a row stands for. */
export interface Group {
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  /** Path; null where unknown. Frames of several modules may share a line: then that of the first one seen. */
  readonly module: string | null;
  /** In the module; only where there is no name. */
  readonly offset: number | null;
  /** False: what a library allocates by itself. */
  readonly user: boolean;
  /** By stack only: innermost first, allocators left out. */
  readonly frames?: readonly FrameName[];
}

export type FrameName = Pick<Frame, 'function' | 'file' | 'line' | 'offset'> & {
  readonly module: string | null;
};

export interface Row extends Group, SiteCounters {}

/** Groups in the order of their first sight, shared between the profiles that are to be compared. */
export interface GroupTable {
  readonly by: GroupBy;
  readonly groups: readonly Group[];
  /** The number of the group of this key, made on first sight. */
  readonly intern: (key: string, make: () => Group) => Index;
  /** A number for a chain of frames: equal chains of two profiles get the same one. */
  readonly chain: (outer: Index, frameKey: string) => Index;
}

export const createGroupTable = (by: GroupBy): GroupTable => {
  const groups: Group[] = [];
  const numbers = new Map<string, Index>();
  const frameNumbers = new Map<string, Index>();
  const chains = new Map<number, Index>();
  return {
    by,
    groups,
    intern: (key, make) => {
      const known = numbers.get(key);
      if (known !== undefined) return known;
      numbers.set(key, groups.length);
      return groups.push(make()) - 1;
    },
    chain: (outer, frameKey) => {
      let frame = frameNumbers.get(frameKey);
      if (frame === undefined) {
        frame = frameNumbers.size;
        frameNumbers.set(frameKey, frame);
      }
      const pair = (outer + 1) * 2 ** 26 + frame;
      let number = chains.get(pair);
      if (number === undefined) {
        number = chains.size;
        chains.set(pair, number);
      }
      return number;
    },
  };
};

/** The groups of one profile's stacks. */
export interface Grouping {
  readonly table: GroupTable;
  /** The number of the group that a stack belongs to: looked up once, remembered for good. */
  readonly groupOf: (stack: Index) => Index;
  /** Takes in what was appended to the profile since the last call. */
  readonly catchUp: () => void;
}

export const groupStacks = (
  table: GroupTable,
  profile: Pick<Profile, 'modules' | 'frames' | 'stacks'>,
  blame: Blame = blameStacks(profile),
): Grouping => {
  const known: Index[] = [];
  const frameKeys: (string | undefined)[] = [];
  const chains: Index[] = [];

  const keyOfFrame = (frameIndex: Index, frame: Frame): string => {
    const cached = frameKeys[frameIndex];
    if (cached !== undefined) return cached;
    const key = frameKey(table.by, frame, modulePath(profile, frame));
    frameKeys[frameIndex] = key;
    return key;
  };
  const chainOf = (stack: Index): Index => {
    const open: Index[] = [];
    let at = stack;
    while (at >= 0 && chains[at] === undefined) {
      open.push(at);
      at = profile.stacks[at]?.parent ?? -1;
    }
    let chain = at < 0 ? -1 : (chains[at] ?? -1);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const frameIndex = profile.stacks[next]?.frame ?? -1;
      const frame = profile.frames[frameIndex];
      chain = table.chain(chain, frame ? keyOfFrame(frameIndex, frame) : '');
      chains[next] = chain;
    }
    return chain;
  };

  const groupOf = (stack: Index): Index => {
    const cached = known[stack];
    if (cached !== undefined) return cached;
    const frameIndex = profile.stacks[blame.nodeOf(stack)]?.frame ?? -1;
    const frame = profile.frames[frameIndex];
    if (!frame) throw new RangeError(`stack ${stack} is not in the profile`);
    const user = blame.isUser(stack);
    const byStack = table.by === 'stack';
    const key = byStack ? String(chainOf(blame.callerOf(stack))) : keyOfFrame(frameIndex, frame);
    const group = table.intern(`${user ? 'u' : 'l'}${key}`, () => {
      const head = groupHead(table.by, frame, modulePath(profile, frame), user);
      return byStack ? { ...head, frames: frameNames(profile, blame.callerOf(stack)) } : head;
    });
    known[stack] = group;
    return group;
  };
  return { table, groupOf, catchUp: blame.catchUp };
};

/**
 * Sums sites up by group.
 *
 * @returns one sum per group of the table; groups without a site of this kind stay undefined
 */
export const sumGroups = (
  grouping: Grouping,
  sites: readonly Site[],
  kind: KindFilter,
): readonly (SiteCounters | undefined)[] => {
  const sums: (Sum | undefined)[] = [];
  for (const site of sites) {
    if (!kindMatches(site.kind, kind)) continue;
    const group = grouping.groupOf(site.stack);
    let sum = sums[group];
    if (!sum) {
      sum = emptySum();
      sums[group] = sum;
    }
    addTo(sum, site);
  }
  return sums;
};

/** The rows of a profile, unsorted. */
export const groupSites = (profile: Profile, by: GroupBy, kind: KindFilter = 'heap'): readonly Row[] => {
  const grouping = groupStacks(createGroupTable(by), profile);
  return rowsOf(grouping, sumGroups(grouping, profile.sites, kind));
};

/** The rows that have a sum. */
export const rowsOf = (grouping: Grouping, sums: readonly (SiteCounters | undefined)[]): readonly Row[] =>
  grouping.table.groups.flatMap((group, index) => {
    const sum = sums[index];
    return sum ? [{ ...group, ...sum }] : [];
  });

export const byLine = (profile: Profile, kind?: KindFilter): readonly Row[] =>
  groupSites(profile, 'line', kind);
export const byFunction = (profile: Profile, kind?: KindFilter): readonly Row[] =>
  groupSites(profile, 'function', kind);
export const byFile = (profile: Profile, kind?: KindFilter): readonly Row[] =>
  groupSites(profile, 'file', kind);
export const byModule = (profile: Profile, kind?: KindFilter): readonly Row[] =>
  groupSites(profile, 'module', kind);
export const byStack = (profile: Profile, kind?: KindFilter): readonly Row[] =>
  groupSites(profile, 'stack', kind);

const SEPARATOR = '\0';

const frameKey = (by: GroupBy, frame: Frame, module: string | null): string => {
  if (by === 'module') return module ?? '';
  if (by === 'file') return frame.file === null ? `${SEPARATOR}${module ?? ''}` : frame.file;
  if (by === 'function') return functionKey(frame, module);
  if (frame.file !== null && frame.line !== null)
    return [frame.function ?? '', frame.file, frame.line].join(SEPARATOR);
  return functionKey(frame, module);
};

const functionKey = (frame: Frame, module: string | null): string => {
  if (frame.file !== null) return [frame.function ?? '', frame.file, ''].join(SEPARATOR);
  if (frame.function !== null) return [frame.function, '', module].join(SEPARATOR);
  // Outside every module an offset is a bare address, another one in every run.
  return module === null ? '' : [module, frame.offset].join(SEPARATOR);
};

const groupHead = (by: GroupBy, frame: Frame, module: string | null, user: boolean): Group => {
  const blank = { function: null, file: null, line: null, offset: null, module, user };
  if (by === 'module') return blank;
  if (by === 'file') return { ...blank, file: frame.file };
  const named = { ...blank, function: frame.function, file: frame.file, offset: nameless(frame, module) };
  return by === 'function' ? named : { ...named, line: frame.file === null ? null : frame.line };
};

const nameless = (frame: Frame, module: string | null): number | null =>
  frame.function === null && frame.file === null && module !== null ? frame.offset : null;

const frameNames = (
  profile: Pick<Profile, 'modules' | 'frames' | 'stacks'>,
  stack: Index,
): readonly FrameName[] => {
  const names: FrameName[] = [];
  for (let at = stack; at >= 0; at = profile.stacks[at]?.parent ?? -1) {
    const frame = profile.frames[profile.stacks[at]?.frame ?? -1];
    if (!frame) break;
    const { function: name, file, line, offset } = frame;
    names.push({ function: name, file, line, offset, module: modulePath(profile, frame) });
  }
  return names;
};
