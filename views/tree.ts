/**
 * Stacks as a tree: from the program's start down to what allocates, or from what allocates up to its callers.
 *
 * Equal frames below equal parents are one node, in all processes; nodes keep their number, so that who looks
 * again finds them. Downwards every node has its sum (one addition per site and per node). Upwards the tree would be
 * as large as all stacks together: only what is open is worked out.
 *
 * Left out are allocators at the inner end and what starts a program at the outer one.
 */
import type { Index, KindFilter, SiteCounters } from '../proto/snapshot.js';
import { type Blame, blameStacks } from './blame.js';
import { NO_COLUMN, withRoom } from './column.js';
import { frameKey } from './group.js';
import { compareNames } from './order.js';
import { type ModuleRole, moduleRole, ownershipOf } from './ownership.js';
import { modulePath, type Profile } from './profile.js';
import { eachSite, type Sites } from './sites.js';
import { createFrames, createNodes, type Frames, type Nodes, type TreeNode } from './treeNodes.js';
import {
  addToNode,
  addToParents,
  countersAt,
  createSumTable,
  type NodeCounters,
  type SumTable,
} from './treeSums.js';

export type { NodeCounters } from './treeSums.js';

export type Direction = 'down' | 'up';

export interface TreeInput {
  /** Of the process. */
  readonly index: Index;
  readonly profile: Profile;
  /** Leaves sites of the profile out where it says no. */
  readonly accepts?: (site: Index) => boolean;
  /** The figures of the same site at the mark, where there is one. */
  readonly before?: (site: Index) => SiteCounters | undefined;
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
  /** Lines that the limit left out, those below them not counted. */
  readonly omitted: number;
  readonly sum: NodeCounters;
}

export type StackTree = (inputs: readonly TreeInput[], query: TreeQuery) => TreeLines;

export const createStackTree = (): StackTree => {
  const frames = createFrames();
  const tables = { down: createNodes(), up: createNodes() };
  const processes = new Map<Index, ProcessStacks>();
  const buffers = createSumTable();
  return (inputs, query) => {
    const known = inputs.map((input) => {
      const stacks = processes.get(input.index) ?? createProcessStacks(input.profile, frames, tables.down);
      processes.set(input.index, stacks);
      stacks.catchUp(input.profile, query.direction);
      return { input, stacks };
    });
    const table = tables[query.direction];
    const roots =
      query.direction === 'down'
        ? downwards(known, query, table, buffers)
        : upwards(known, query, table, frames);
    return flatten(roots, (node) => frames.ofNumber(table.frameOf(node)), query);
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
}

const createProcessStacks = (first: Profile, frames: Frames, table: Nodes): ProcessStacks => {
  let profile = first;
  const blame: Blame = blameStacks(first);
  const roles: ModuleRole[] = [];
  const frameNumbers: Index[] = [];
  const isBase: boolean[] = [];
  /** Node of the tree, or -1. */
  let nodes = NO_COLUMN;
  let count = 0;

  const frameIndex = (stack: Index): Index => profile.stacks.frame[stack] ?? -1;
  return {
    catchUp: (grown, direction) => {
      profile = grown;
      blame.catchUp(grown);
      for (let at = roles.length; at < profile.modules.length; at += 1)
        roles.push(moduleRole(profile.modules[at]));
      for (let at = frameNumbers.length; at < profile.frames.length; at += 1) {
        const frame = profile.frames[at];
        if (!frame) break;
        const module = modulePath(profile, frame);
        const owner = ownershipOf(frame, roles[frame.module] ?? 'user');
        const { function: name, file, line, offset, language } = frame;
        const make = () => ({
          place: { function: name, file, line, offset, language, module },
          user: owner === 'user',
        });
        frameNumbers.push(frames.number(frameKey('line', frame, module), make));
        isBase.push(owner === 'base');
      }
      if (direction === 'up') return;
      const { stacks } = profile;
      nodes = withRoom(nodes, stacks.count);
      for (; count < stacks.count; count += 1) {
        const frame = stacks.frame[count];
        const parent = stacks.parent[count];
        const outer = parent < 0 ? -1 : nodes[parent];
        nodes[count] = isBase[frame] ? -1 : table.child(outer, frameNumbers[frame] ?? 0);
      }
    },
    nodeOf: (stack) => {
      const caller = blame.callerOf(stack);
      return caller < count ? nodes[caller] : -1;
    },
    callerOf: blame.callerOf,
    outerOf: (stack) => {
      const parent = profile.stacks.parent[stack] ?? -1;
      return parent >= 0 && isBase[frameIndex(parent)] ? -1 : parent;
    },
    frameOf: (stack) => frameNumbers[frameIndex(stack)] ?? 0,
  };
};

interface Known {
  readonly input: TreeInput;
  readonly stacks: ProcessStacks;
}

/** Room for the callers of a frame; most have fewer. */
const FIRST_ROOM = 64;

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

const eachCounted = (
  known: readonly Known[],
  kind: KindFilter,
  visit: (stacks: ProcessStacks, sites: Sites, site: Index, before: SiteCounters | undefined) => void,
): void => {
  for (const { input, stacks } of known) {
    const { profile, accepts, before } = input;
    eachSite(profile.sites, kind, (site) => {
      if (!accepts || accepts(site)) visit(stacks, profile.sites, site, before?.(site));
    });
  }
};

const downwards = (known: readonly Known[], { kind }: TreeQuery, table: Nodes, buffers: SumTable): Roots => {
  const count = table.count();
  // The last place is that of stacks without a node, and of the whole.
  const sums = buffers.cleared(count + 1);
  eachCounted(known, kind, (stacks, sites, site, before) => {
    const node = stacks.nodeOf(sites.stack[site]);
    addToNode(sums, node < 0 ? count : node, sites, site, before);
  });
  const selfBytes = sums.liveBytes.slice(0, count);
  const selfBlocks = sums.liveBlocks.slice(0, count);
  addToParents(sums, table.parents(), count);

  const isThere = (node: Index): boolean => sums.totalBlocks[node] > 0;
  const levelsBelow = (node: Index | -1): readonly Level[] =>
    table.childrenOf(node).filter(isThere).map(levelOf);
  const levelOf = (node: Index): Level => ({
    node,
    counters: countersAt(sums, node),
    selfBytes: selfBytes[node],
    selfBlocks: selfBlocks[node],
    isLeaf: !table.childrenOf(node).some(isThere),
    below: () => levelsBelow(node),
  });
  return { sum: countersAt(sums, count), levels: levelsBelow(-1) };
};

/** Sites on their way out: which, and at which node of their stacks. */
interface Travellers {
  readonly sites: Int32Array;
  readonly at: Int32Array;
}

const upwards = (known: readonly Known[], { kind }: TreeQuery, table: Nodes, frames: Frames): Roots => {
  const all: {
    readonly stacks: ProcessStacks;
    readonly sites: Sites;
    readonly site: Index;
    readonly before: SiteCounters | undefined;
  }[] = [];
  const whole = createSumTable(1).cleared(1);
  eachCounted(known, kind, (stacks, sites, site, before) => {
    addToNode(whole, 0, sites, site, before);
    all.push({ stacks, sites, site, before });
  });
  const levelsOf = (parent: Index | -1, travellers: Travellers): readonly Level[] => {
    const slotOfFrame = new Int32Array(frames.count());
    const slotOf = new Int32Array(travellers.sites.length);
    const found: { readonly node: Index; goesOn: boolean }[] = [];
    const slots = createSumTable(FIRST_ROOM);
    let sums = slots.grown(FIRST_ROOM);
    for (let index = 0; index < slotOf.length; index += 1) {
      const entry = all[travellers.sites[index] ?? 0];
      if (!entry) continue;
      const at = travellers.at[index] ?? 0;
      const frame = entry.stacks.frameOf(at);
      let slot = (slotOfFrame[frame] ?? 0) - 1;
      if (slot < 0) {
        slot = found.push({ node: table.child(parent, frame), goesOn: false }) - 1;
        slotOfFrame[frame] = slot + 1;
        sums = slots.grown(slot + 1);
      }
      slotOf[index] = slot;
      addToNode(sums, slot, entry.sites, entry.site, entry.before);
      const group = found[slot];
      if (group && !group.goesOn) group.goesOn = entry.stacks.outerOf(at) >= 0;
    }
    const below = (slot: number, node: Index): readonly Level[] => {
      const sites: number[] = [];
      const at: number[] = [];
      for (let index = 0; index < slotOf.length; index += 1) {
        if (slotOf[index] !== slot) continue;
        const site = travellers.sites[index] ?? 0;
        const outer = all[site]?.stacks.outerOf(travellers.at[index] ?? 0) ?? -1;
        if (outer < 0) continue;
        sites.push(site);
        at.push(outer);
      }
      return levelsOf(node, { sites: Int32Array.from(sites), at: Int32Array.from(at) });
    };
    const own = parent < 0;
    return found.map(({ node, goesOn }, slot) => {
      const counters = countersAt(sums, slot);
      return {
        node,
        counters,
        selfBytes: own ? counters.liveBytes : 0,
        selfBlocks: own ? counters.liveBlocks : 0,
        isLeaf: !goesOn,
        below: () => below(slot, node),
      };
    });
  };
  const start: Travellers = {
    sites: Int32Array.from({ length: all.length }, (_, index) => index),
    at: Int32Array.from(all, ({ stacks, sites, site }) => stacks.callerOf(sites.stack[site])),
  };
  return { sum: countersAt(whole, 0), levels: levelsOf(-1, start) };
};

// ---- lines ----

const flatten = (
  { sum, levels }: Roots,
  placeOf: (node: Index) => TreeNode | undefined,
  query: TreeQuery,
): TreeLines => {
  const lines: TreeLine[] = [];
  let omitted = 0;
  const visit = (siblings: readonly Level[], above: readonly Index[]): void => {
    const sorted = siblings
      .flatMap((level) => {
        const figure = query.figureOf(level.counters);
        return figure === null ? [] : [{ level, figure, place: placeOf(level.node) }];
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
