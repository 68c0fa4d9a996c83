/**
 * Rows of a report: sites summed up by source line, function, file, module or whole stack.
 *
 * Every site belongs to exactly one row, the one of the frame its stack is blamed on (views/blame.ts), so that
 * Σ rows = Σ sites whatever the grouping, and a recursion counts once. Rows are told apart by names, never by
 * addresses: by function, file and line; without a line by module and function; without a name by module and
 * offset. One table of groups can serve several profiles: that is how two snapshots are compared.
 */
import type { Frame, GroupBy, Index, KindFilter, SiteCounters } from '../proto/snapshot.js';
import { type Blame, blameOf, blameStacks, type StackArrays } from './blame.js';
import { blamedSites } from './blamedSites.js';
import { NO_COLUMN, withRoom } from './column.js';
import { frameAt, framesOf, modulePath, type Profile } from './profile.js';
import { addSite, emptySum, kindsIn, type Sites, type Sum } from './sites.js';

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
  /** Of the blamed frame; of a group of several that of the first one seen. */
  readonly language?: Frame['language'];
  /** By stack only: innermost first, allocators left out. */
  readonly stack: (() => readonly FrameName[]) | undefined;
}

export type FrameName = Pick<Frame, 'function' | 'file' | 'line' | 'offset'> & {
  readonly language?: Frame['language'];
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
  /** Takes in what was appended since the last call; `grown` may be other arrays that start with the same. */
  readonly catchUp: (grown?: StackArrays) => void;
}

export const groupStacks = (
  table: GroupTable,
  first: StackArrays,
  blame: Blame = blameStacks(first),
): Grouping => {
  let profile = first;
  const byStack = table.by === 'stack';
  /** Group + 1 of each stack: 0 until asked for. */
  let groupOfStack = NO_COLUMN;
  /** Group + 1 of each frame as user code and as a library's, but for whole stacks: 0 until asked for. */
  let groupOfFrame = NO_COLUMN;
  /** For whole stacks. */
  const frameKeys: (string | undefined)[] = [];
  let chains = NO_COLUMN;
  let chained = 0;

  const catchUp = (grown: StackArrays = profile) => {
    // A mark asks with what there was then.
    if (grown.stacks.count >= profile.stacks.count) profile = grown;
    blame.catchUp(profile);
    groupOfStack = withRoom(groupOfStack, profile.stacks.count);
    if (!byStack) {
      groupOfFrame = withRoom(groupOfFrame, 2 * profile.frames.length);
      return;
    }
    for (let at = frameKeys.length; at < profile.frames.length; at += 1) frameKeys.push(undefined);
    const { stacks } = profile;
    chains = withRoom(chains, stacks.count);
    for (; chained < stacks.count; chained += 1) {
      const parent = stacks.parent[chained];
      chains[chained] = table.chain(parent < 0 ? -1 : chains[parent], keyOfFrame(stacks.frame[chained]));
    }
  };
  const keyOfFrame = (index: Index): string => {
    const cached = frameKeys[index];
    if (cached !== undefined) return cached;
    const frame = profile.frames[index];
    const key = frame ? frameKey(table.by, frame, modulePath(profile, frame)) : '';
    frameKeys[index] = key;
    return key;
  };
  const blamedFrame = (stack: Index): Frame => {
    const frame = frameAt(profile, blame.nodeOf(stack));
    if (!frame) throw new RangeError(`stack ${stack} is not in the profile`);
    return frame;
  };
  const internStack = (stack: Index): Index => {
    const [frame, user, caller] = [blamedFrame(stack), blame.isUser(stack), blame.callerOf(stack)];
    const names = once(() => frameNames(profile, caller));
    return table.intern(`${user ? 'u' : 'l'}${chains[caller]}`, () =>
      groupHead(table.by, frame, modulePath(profile, frame), user, names),
    );
  };
  const internFrame = (stack: Index, user: boolean): Index => {
    const frame = blamedFrame(stack);
    const module = modulePath(profile, frame);
    return table.intern(`${user ? 'u' : 'l'}${frameKey(table.by, frame, module)}`, () =>
      groupHead(table.by, frame, module, user, undefined),
    );
  };
  const groupOfBlamed = (stack: Index): Index => {
    const node = blame.nodeOf(stack);
    const frame = node < profile.stacks.count ? profile.stacks.frame[node] : -1;
    const user = blame.isUser(stack);
    const slot = 2 * frame + Number(user);
    const known = groupOfFrame[slot];
    if (known > 0) return known - 1;
    const group = internFrame(stack, user);
    groupOfFrame[slot] = group + 1;
    return group;
  };
  const groupOf = (stack: Index): Index => {
    const cached = groupOfStack[stack];
    if (cached > 0) return cached - 1;
    const group = byStack ? internStack(stack) : groupOfBlamed(stack);
    groupOfStack[stack] = group + 1;
    return group;
  };
  catchUp();
  return { table, groupOf, catchUp };
};

const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};

/**
 * Sums sites up by group.
 *
 * @param accepts leaves sites out where it says no
 * @returns one sum per group of the table; groups without a site of this kind stay undefined
 */
export const sumGroups = (
  grouping: Grouping,
  sites: Sites,
  kind: KindFilter,
  accepts?: (stack: Index) => boolean,
): readonly (SiteCounters | undefined)[] => {
  const sums: (Sum | undefined)[] = [];
  const wanted = kindsIn(kind);
  for (let at = 0; at < sites.count; at += 1) {
    if (!wanted[sites.kind[at]]) continue;
    const stack = sites.stack[at];
    if (accepts && !accepts(stack)) continue;
    const group = grouping.groupOf(stack);
    let sum = sums[group];
    if (!sum) {
      sum = emptySum();
      sums[group] = sum;
    }
    addSite(sum, sites, at);
  }
  return sums;
};

/** The rows of a profile, unsorted. */
export const groupSites = (profile: Profile, by: GroupBy, kind: KindFilter = 'heap'): readonly Row[] => {
  const grouping = groupStacks(createGroupTable(by), profile, blameOf(profile));
  const sites = by === 'stack' ? profile.sites : blamedSites(profile);
  return rowsOf(grouping, sumGroups(grouping, sites, kind));
};

/** The rows that have a sum. */
const rowsOf = (grouping: Grouping, sums: readonly (SiteCounters | undefined)[]): readonly Row[] => {
  const rows: Row[] = [];
  const { groups } = grouping.table;
  for (let index = 0; index < sums.length; index += 1) {
    const sum = sums[index];
    if (sum) rows.push(rowOf(groups[index], sum));
  }
  return rows;
};

/** Spelt out: spreading two objects takes ten times as long, and there may be a hundred thousand rows. */
const rowOf = (group: Group, sum: SiteCounters): Row => ({
  function: group.function,
  file: group.file,
  line: group.line,
  module: group.module,
  offset: group.offset,
  user: group.user,
  language: group.language,
  stack: group.stack,
  liveBytes: sum.liveBytes,
  liveBlocks: sum.liveBlocks,
  totalBytes: sum.totalBytes,
  totalBlocks: sum.totalBlocks,
  peakBytes: sum.peakBytes,
  peakBlocks: sum.peakBlocks,
  temporaryBlocks: sum.temporaryBlocks,
});

const SEPARATOR = '\0';

/** By what frames are told apart in this grouping: equal in every run and every process. */
export const frameKey = (by: GroupBy, frame: Frame, module: string | null): string => {
  if (by === 'module') return module ?? '';
  if (by === 'file') return frame.file === null ? `${SEPARATOR}${module ?? ''}` : frame.file;
  if (by === 'function') return functionKey(frame, module);
  if (frame.file !== null && frame.line !== null)
    return `${frame.function ?? ''}${SEPARATOR}${frame.file}${SEPARATOR}${frame.line}`;
  return functionKey(frame, module);
};

const functionKey = (frame: Frame, module: string | null): string => {
  if (frame.file !== null) return `${frame.function ?? ''}${SEPARATOR}${frame.file}${SEPARATOR}`;
  if (frame.function !== null) return `${frame.function}${SEPARATOR}${SEPARATOR}${module ?? ''}`;
  // Outside every module an offset is a bare address, another one in every run.
  return module === null ? '' : `${module}${SEPARATOR}${frame.offset}`;
};

export const groupHead = (
  by: GroupBy,
  frame: Frame,
  module: string | null,
  user: boolean,
  stack: Group['stack'],
): Group => {
  const named = by !== 'module' && by !== 'file';
  return {
    function: named ? frame.function : null,
    file: by === 'module' ? null : frame.file,
    line: named && by !== 'function' && frame.file !== null ? frame.line : null,
    module,
    offset: named && isNameless(frame) && module !== null ? frame.offset : null,
    user,
    language: frame.language,
    stack,
  };
};

const isNameless = (frame: Frame): boolean => frame.function === null && frame.file === null;

/** Innermost first. */
export const frameNames = (profile: StackArrays, stack: Index): readonly FrameName[] =>
  framesOf(profile, stack).map((frame) => frameName(profile, frame));

/** One for each frame: a million stacks may be made of some hundred. */
const namesOfFrames = new WeakMap<Frame, FrameName>();

const frameName = (profile: StackArrays, frame: Frame): FrameName => {
  const known = namesOfFrames.get(frame);
  if (known) return known;
  const { function: name, file, line, offset, language } = frame;
  const made = { function: name, file, line, offset, language, module: modulePath(profile, frame) };
  namesOfFrames.set(frame, made);
  return made;
};
