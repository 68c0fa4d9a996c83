/**
 * Stacks as a tree: from the program's start down to what allocates, or from what allocates up to its callers.
 *
 * Equal frames below equal parents are one node, in all processes; nodes keep their number, so that who looks
 * again finds them. Downwards every node has its sum (one addition per site and per node). Upwards the tree would be
 * as large as all stacks together: only what is open is worked out.
 *
 * Left out are allocators at the inner end and what starts a program at the outer one.
 */
import type { Index, KindFilter, Site, SiteCounters } from '../proto/snapshot.js';
import { type Blame, blameStacks } from './blame.js';
import { type FrameName, frameKey } from './group.js';
import { compareNames } from './order.js';
import { type ModuleRole, moduleRole, ownershipOf } from './ownership.js';
import { kindMatches, modulePath, type Profile } from './profile.js';

export type Direction = 'down' | 'up';

export interface TreeInput {
  /** Of the process. */
  readonly index: Index;
  readonly profile: Profile;
  /** Left out where it says no. */
  readonly accepts?: (site: Site) => boolean;
  /** The figures of the same site at the mark, where there is one. */
  readonly before?: (site: Site) => SiteCounters | undefined;
}

export interface TreeQuery {
  readonly direction: Direction;
  readonly kind: KindFilter;
  /** Of the children of a node the largest first; null for one that is left out. */
  readonly figureOf: (counters: NodeCounters) => number | null;
  /** @param isOnly it has no siblings */
  readonly isOpen: (node: Index, above: readonly Index[], isOnly: boolean) => boolean;
  readonly limit: number;
}

export interface NodeCounters extends SiteCounters {
  readonly grownBytes: number;
  readonly grownBlocks: number;
}

export interface TreeNode {
  readonly place: FrameName;
  /** False: a library's. */
  readonly user: boolean;
}

export interface TreeLine extends TreeNode {
  readonly node: Index;
  readonly depth: number;
  /** Of the node and all that is below it. */
  readonly counters: NodeCounters;
  /** Of what this frame itself allocates. */
  readonly selfBytes: number;
  readonly selfBlocks: number;
  readonly state: 'open' | 'closed' | 'leaf';
}

export interface TreeLines {
  readonly lines: readonly TreeLine[];
  /** Lines that the limit left out. */
  readonly omitted: number;
  readonly sum: NodeCounters;
}

export type StackTree = (inputs: readonly TreeInput[], query: TreeQuery) => TreeLines;

export const createStackTree = (): StackTree => {
  const frames = createNumbers();
  const tables = { down: createNodes(), up: createNodes() };
  const processes = new Map<Index, ProcessStacks>();
  return (inputs, query) => {
    const known = inputs.map((input) => {
      const stacks = processes.get(input.index) ?? createProcessStacks(input.profile, frames, tables.down);
      processes.set(input.index, stacks);
      stacks.catchUp(input.profile, query.direction);
      return { input, stacks };
    });
    const level =
      query.direction === 'down' ? downwards(known, query, tables.down) : upwards(known, query, tables.up);
    return flatten(level, tables[query.direction], query);
  };
};

// ---- numbers ----

interface Nodes {
  readonly nodes: readonly (TreeNode & {
    readonly parent: Index | -1;
    readonly children: readonly Index[];
  })[];
  readonly roots: readonly Index[];
  /** Below -1 are the roots. A parent's number is smaller than its children's. */
  readonly child: (parent: Index | -1, frame: Index, make: () => TreeNode) => Index;
}

const FRAMES_AT_MOST = 2 ** 26;

const createNodes = (): Nodes => {
  const nodes: (TreeNode & { parent: Index | -1; children: Index[] })[] = [];
  const roots: Index[] = [];
  const numbers = new Map<number, Index>();
  return {
    nodes,
    roots,
    child: (parent, frame, make) => {
      const key = (parent + 1) * FRAMES_AT_MOST + frame;
      const known = numbers.get(key);
      if (known !== undefined) return known;
      const number = nodes.push({ ...make(), parent, children: [] }) - 1;
      numbers.set(key, number);
      (parent < 0 ? roots : (nodes[parent]?.children ?? [])).push(number);
      return number;
    },
  };
};

type Numbers = (key: string) => Index;

const createNumbers = (): Numbers => {
  const numbers = new Map<string, Index>();
  return (key) => {
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, numbers.size);
    return numbers.size - 1;
  };
};

/** What is known of one process: its arrays only grow. */
interface ProcessStacks {
  readonly catchUp: (profile: Profile, direction: Direction) => void;
  /** The node of a stack in the tree downwards; -1 for what starts the program. */
  readonly nodeOf: (stack: Index) => Index | -1;
  /** The innermost stack node that is no allocator. */
  readonly callerOf: (stack: Index) => Index;
  /** The stack's parent; -1 at the outer end and where only what starts a program follows. */
  readonly outerOf: (stack: Index) => Index | -1;
  readonly frameOf: (stack: Index) => Index;
  readonly make: (stack: Index) => TreeNode;
}

const createProcessStacks = (first: Profile, numbers: Numbers, table: Nodes): ProcessStacks => {
  let profile = first;
  const blame: Blame = blameStacks(first);
  const roles: ModuleRole[] = [];
  const frameNumbers: Index[] = [];
  const isBase: boolean[] = [];
  const isUser: boolean[] = [];
  const nodes: (Index | -1)[] = [];

  const frameIndex = (stack: Index): Index => profile.stacks[stack]?.frame ?? -1;
  const make = (stack: Index): TreeNode => {
    const index = frameIndex(stack);
    const frame = profile.frames[index];
    if (!frame) throw new RangeError(`stack ${stack} is not in the profile`);
    const { function: name, file, line, offset, language } = frame;
    return {
      place: { function: name, file, line, offset, language, module: modulePath(profile, frame) },
      user: isUser[index] ?? true,
    };
  };
  const nodeBelow = (parent: Index | -1, stack: Index): Index | -1 => {
    const frame = frameIndex(stack);
    if (isBase[frame]) return -1;
    return table.child(parent, frameNumbers[frame] ?? 0, () => make(stack));
  };
  return {
    catchUp: (grown, direction) => {
      profile = grown;
      blame.catchUp(grown);
      for (let at = roles.length; at < profile.modules.length; at += 1)
        roles.push(moduleRole(profile.modules[at]));
      for (let at = frameNumbers.length; at < profile.frames.length; at += 1) {
        const frame = profile.frames[at];
        if (!frame) break;
        frameNumbers.push(numbers(frameKey('line', frame, modulePath(profile, frame))));
        const owner = ownershipOf(frame, roles[frame.module] ?? 'user');
        isBase.push(owner === 'base');
        isUser.push(owner === 'user');
      }
      if (direction === 'up') return;
      for (let at = nodes.length; at < profile.stacks.length; at += 1) {
        const parent = profile.stacks[at]?.parent ?? -1;
        nodes.push(nodeBelow(parent < 0 ? -1 : (nodes[parent] ?? -1), at));
      }
    },
    nodeOf: (stack) => nodes[blame.callerOf(stack)] ?? -1,
    callerOf: blame.callerOf,
    outerOf: (stack) => {
      const parent = profile.stacks[stack]?.parent ?? -1;
      return parent >= 0 && isBase[frameIndex(parent)] ? -1 : parent;
    },
    frameOf: (stack) => frameNumbers[frameIndex(stack)] ?? 0,
    make,
  };
};

interface Known {
  readonly input: TreeInput;
  readonly stacks: ProcessStacks;
}

// ---- sums ----

/** What stands below a node, worked out when it is opened. */
interface Level {
  readonly node: Index;
  readonly counters: NodeCounters;
  readonly selfBytes: number;
  readonly selfBlocks: number;
  readonly isLeaf: boolean;
  readonly below: () => readonly Level[];
}

interface Roots {
  readonly sum: NodeCounters;
  readonly levels: readonly Level[];
}

const FIELDS = 9;

const addSite = (sums: Float64Array, at: number, site: Site, before: SiteCounters | undefined): void => {
  sums[at] += site.liveBytes;
  sums[at + 1] += site.liveBlocks;
  sums[at + 2] += site.totalBytes;
  sums[at + 3] += site.totalBlocks;
  sums[at + 4] += site.peakBytes;
  sums[at + 5] += site.peakBlocks;
  sums[at + 6] += site.temporaryBlocks;
  sums[at + 7] += site.liveBytes - (before?.liveBytes ?? 0);
  sums[at + 8] += site.liveBlocks - (before?.liveBlocks ?? 0);
};

const countersAt = (sums: Float64Array, at: number): NodeCounters => ({
  liveBytes: sums[at] ?? 0,
  liveBlocks: sums[at + 1] ?? 0,
  totalBytes: sums[at + 2] ?? 0,
  totalBlocks: sums[at + 3] ?? 0,
  peakBytes: sums[at + 4] ?? 0,
  peakBlocks: sums[at + 5] ?? 0,
  temporaryBlocks: sums[at + 6] ?? 0,
  grownBytes: sums[at + 7] ?? 0,
  grownBlocks: sums[at + 8] ?? 0,
});

const eachSite = (
  known: readonly Known[],
  kind: KindFilter,
  visit: (of: Known, site: Site) => void,
): void => {
  for (const of of known) {
    const { profile, accepts } = of.input;
    for (const site of profile.sites)
      if (kindMatches(site.kind, kind) && (!accepts || accepts(site))) visit(of, site);
  }
};

const downwards = (known: readonly Known[], { kind }: TreeQuery, { nodes, roots }: Nodes): Roots => {
  // The last place is that of stacks without a node, and of the whole.
  const sums = new Float64Array((nodes.length + 1) * FIELDS);
  const whole = nodes.length * FIELDS;
  eachSite(known, kind, ({ input, stacks }, site) => {
    const node = stacks.nodeOf(site.stack);
    addSite(sums, node < 0 ? whole : node * FIELDS, site, input.before?.(site));
  });
  const self = sums.slice();
  for (let node = nodes.length - 1; node >= 0; node -= 1) {
    const parent = nodes[node]?.parent ?? -1;
    const to = parent < 0 ? whole : parent * FIELDS;
    for (let field = 0; field < FIELDS; field += 1) sums[to + field] += sums[node * FIELDS + field] ?? 0;
  }
  const isThere = (node: Index): boolean => (sums[node * FIELDS + 3] ?? 0) > 0;
  const levelOf = (node: Index): Level => {
    const children = (): readonly Index[] => (nodes[node]?.children ?? []).filter(isThere);
    return {
      node,
      counters: countersAt(sums, node * FIELDS),
      selfBytes: self[node * FIELDS] ?? 0,
      selfBlocks: self[node * FIELDS + 1] ?? 0,
      isLeaf: !(nodes[node]?.children ?? []).some(isThere),
      below: () => children().map(levelOf),
    };
  };
  return { sum: countersAt(sums, whole), levels: roots.filter(isThere).map(levelOf) };
};

/** A site on its way out, at this node of its stack. */
interface Traveller {
  readonly of: Known;
  readonly site: Site;
  readonly at: Index;
}

const upwards = (known: readonly Known[], { kind }: TreeQuery, table: Nodes): Roots => {
  const all: Traveller[] = [];
  const sum = new Float64Array(FIELDS);
  eachSite(known, kind, (of, site) => {
    addSite(sum, 0, site, of.input.before?.(site));
    all.push({ of, site, at: of.stacks.callerOf(site.stack) });
  });
  const levelsOf = (parent: Index | -1, travellers: readonly Traveller[]): readonly Level[] => {
    const groups = new Map<Index, { sums: Float64Array; travellers: Traveller[] }>();
    for (const traveller of travellers) {
      const { of, site, at } = traveller;
      const node = table.child(parent, of.stacks.frameOf(at), () => of.stacks.make(at));
      let group = groups.get(node);
      if (!group) {
        group = { sums: new Float64Array(FIELDS), travellers: [] };
        groups.set(node, group);
      }
      addSite(group.sums, 0, site, of.input.before?.(site));
      group.travellers.push(traveller);
    }
    return [...groups].map(([node, group]) => {
      const counters = countersAt(group.sums, 0);
      const own = parent < 0;
      return {
        node,
        counters,
        selfBytes: own ? counters.liveBytes : 0,
        selfBlocks: own ? counters.liveBlocks : 0,
        isLeaf: group.travellers.every(({ of, at }) => of.stacks.outerOf(at) < 0),
        below: () =>
          levelsOf(
            node,
            group.travellers.flatMap(({ of, site, at }) => {
              const outer = of.stacks.outerOf(at);
              return outer < 0 ? [] : [{ of, site, at: outer }];
            }),
          ),
      };
    });
  };
  return { sum: countersAt(sum, 0), levels: levelsOf(-1, all) };
};

// ---- lines ----

const flatten = ({ sum, levels }: Roots, { nodes }: Nodes, query: TreeQuery): TreeLines => {
  const lines: TreeLine[] = [];
  let omitted = 0;
  const visit = (siblings: readonly Level[], above: readonly Index[]): void => {
    const sorted = siblings
      .flatMap((level) => {
        const figure = query.figureOf(level.counters);
        return figure === null ? [] : [{ level, figure, place: nodes[level.node] }];
      })
      .sort((a, b) => b.figure - a.figure || byName(a.place, b.place));
    for (const { level, place } of sorted) {
      if (!place) continue;
      if (lines.length >= query.limit) {
        omitted += 1;
        continue;
      }
      const isOpen = !level.isLeaf && query.isOpen(level.node, above, sorted.length === 1);
      const { node, counters, selfBytes, selfBlocks, isLeaf } = level;
      const state = isLeaf ? 'leaf' : isOpen ? 'open' : 'closed';
      lines.push({
        node,
        depth: above.length,
        counters,
        selfBytes,
        selfBlocks,
        state,
        place: place.place,
        user: place.user,
      });
      if (isOpen) visit(level.below(), [...above, node]);
    }
  };
  visit(levels, []);
  return { lines, omitted, sum };
};

const byName = (a: TreeNode | undefined, b: TreeNode | undefined): number =>
  a && b
    ? compareNames(
        { ...a.place, user: a.user, stack: undefined },
        { ...b.place, user: b.user, stack: undefined },
      )
    : 0;
