/**
 * Which frame of a stack answers for what the stack allocated.
 *
 * The rule: the innermost frame that is the user's code. When no frame is, the innermost one that is not an
 * allocator; what a library allocates on its own account (views/ownership.ts) is that library's.
 *
 * As stacks are a tree, root first, the answer for a node follows from its parent's:
 *
 *   blame(n) = n            if n is user, base or ownAccount
 *            = blame(p)     if n is an allocator (n itself at the root)
 *            = blame(p)     if n is runtime and blame(p) is user or ownAccount
 *            = blame(p)     if n yields to Python and blame(p) is a Python line of the user's
 *            = n            else
 *
 * so it costs one step per node, once: the mapping of a stack never changes.
 */
import type { Frame, Index, Module } from '../proto/snapshot.js';
import { NO_COLUMN, withRoom } from './column.js';
import { type ModuleRole, moduleRole, type Ownership, ownershipOf, yieldsToPython } from './ownership.js';
import type { Profile, Stacks } from './profile.js';

export interface Blame {
  /** The stack node whose frame is blamed for what this stack allocated. */
  readonly nodeOf: (stack: Index) => Index;
  /** Whether the blamed frame is the user's code. */
  readonly isUser: (stack: Index) => boolean;
  /** The innermost node that is no allocator: where a printed stack starts. */
  readonly callerOf: (stack: Index) => Index;
  /** Takes in what was appended since the last call; `grown` may be other arrays that start with the same. */
  readonly catchUp: (grown?: StackArrays) => void;
}

export type StackArrays = Pick<Profile, 'modules' | 'frames' | 'stacks'>;

/** @param first may grow at its ends; call `catchUp` then */
export const blameStacks = (first: StackArrays): Blame => {
  let profile = first;
  const roles: ModuleRole[] = [];
  /** By frame. */
  let traits = NO_COLUMN;
  const kinds = createKinds();
  /** By kind of frame. */
  const traitsOfKind: number[] = [];
  /** What a node may have to leave the blame to its parent. */
  let yielding = ALLOCATOR | RUNTIME;
  let frameCount = 0;
  let count = 0;
  let nodes = NO_COLUMN;

  const judgeFrames = () => {
    const { frames, modules } = profile;
    traits = withRoom(traits, frames.length);
    for (const frame of kinds.take(frames, frameCount, traits))
      traitsOfKind.push(traitsOf(frame, roles[frame.module] ?? 'user', modules[frame.module]));
    for (; frameCount < frames.length; frameCount += 1) {
      traits[frameCount] = traitsOfKind[traits[frameCount]];
      // Nodes that stood there before are in no Python line.
      if ((traits[frameCount] & PYTHON) !== 0) yielding |= YIELDS_TO_PYTHON;
    }
  };

  const catchUp = (grown: StackArrays = profile) => {
    // A mark asks with what there was then.
    if (grown.stacks.count >= profile.stacks.count) profile = grown;
    for (let at = roles.length; at < profile.modules.length; at += 1)
      roles.push(moduleRole(profile.modules[at]));
    judgeFrames();
    const { stacks } = profile;
    nodes = withRoom(nodes, stacks.count);
    blameNodes(stacks, count, traits, yielding, nodes);
    count = stacks.count;
  };
  catchUp();

  const nodeOf = (stack: Index): Index => (stack < count ? nodes[stack] : stack);
  return {
    nodeOf,
    isUser: (stack) => (traits[profile.stacks.frame[nodeOf(stack)]] & USER) !== 0,
    callerOf: (stack) => (stack < count ? callerIn(profile.stacks, traits, stack) : stack),
    catchUp,
  };
};

const callerIn = ({ parent, frame }: Stacks, traits: Int32Array, stack: Index): Index => {
  let at = stack;
  while ((traits[frame[at]] & ALLOCATOR) !== 0 && parent[at] >= 0) at = parent[at];
  return at;
};

const finished = new WeakMap<Stacks, Blame>();

/** The blame of a profile that grows no more: worked out once, however many views ask for it. */
export const blameOf = (profile: StackArrays): Blame => {
  const known = finished.get(profile.stacks);
  if (known) return known;
  const blame = blameStacks(profile);
  finished.set(profile.stacks, blame);
  return blame;
};

/** What the rule asks of a frame, as bits: it is asked of each of up to millions of nodes. */
const USER = 1;
const OWN_ACCOUNT = 2;
const RUNTIME = 4;
const ALLOCATOR = 8;
/** A Python line of the user's. */
const PYTHON = 16;
const YIELDS_TO_PYTHON = 32;

const OWNERSHIP: Readonly<Record<Ownership, number>> = {
  user: USER,
  ownAccount: OWN_ACCOUNT,
  runtime: RUNTIME,
  allocator: ALLOCATOR,
  base: 0,
};

/** Frames of one kind agree in all that their traits follow from. Those that agree in all but the name are many. */
interface Kinds {
  /** Writes the number of the kind of each frame from `from` on. @returns a frame of each kind that was not there */
  readonly take: (frames: readonly Frame[], from: number, kind: Int32Array) => readonly Frame[];
}

const createKinds = (): Kinds => {
  const native = new Map<number, Map<string | null, Map<string | null, number>>>();
  const python: typeof native = new Map();
  let count = 0;

  const take: Kinds['take'] = (frames, from, kind) => {
    const first: Frame[] = [];
    let before: Frame | undefined;
    let names = new Map<string | null, number>();
    for (let at = from; at < frames.length; at += 1) {
      const frame = frames[at];
      const { module, file, language, function: name } = frame;
      if (before?.module !== module || before.file !== file || before.language !== language)
        names = inside(inside(language === 'python' ? python : native, module), file);
      before = frame;
      let found = names.get(name);
      if (found === undefined) {
        found = count;
        count += 1;
        names.set(name, found);
        first.push(frame);
      }
      kind[at] = found;
    }
    return first;
  };

  return { take };
};

const inside = <K, L, V>(maps: Map<K, Map<L, V>>, key: K): Map<L, V> => {
  const known = maps.get(key);
  if (known) return known;
  const made = new Map<L, V>();
  maps.set(key, made);
  return made;
};

const traitsOf = (frame: Frame, role: ModuleRole, module: Module | undefined): number => {
  const owner = ownershipOf(frame, role);
  return (
    OWNERSHIP[owner] |
    (owner === 'user' && frame.language === 'python' ? PYTHON : 0) |
    (yieldsToPython(frame, module) ? YIELDS_TO_PYTHON : 0)
  );
};

/** Of each node from `from` on. By itself, with all it needs in variables of its own: V8 interprets most of these steps. */
const blameNodes = (
  { count, parent: parents, frame }: Stacks,
  from: number,
  traits: Int32Array,
  yielding: number,
  nodes: Int32Array,
): void => {
  for (let node = from; node < count; node += 1) {
    nodes[node] = node;
    const inner = traits[frame[node]];
    if ((inner & yielding) === 0) continue;
    const parent = parents[node];
    if (parent < 0) continue;
    const outer = nodes[parent];
    if (answersFor(traits[frame[outer]], inner)) nodes[node] = outer;
  }
};

/** Whether the frame blamed so far stays blamed when a further frame is found inside it. */
const answersFor = (blamed: number, inner: number): boolean =>
  (inner & ALLOCATOR) !== 0 ||
  ((inner & RUNTIME) !== 0 && (blamed & (USER | OWN_ACCOUNT)) !== 0) ||
  ((inner & YIELDS_TO_PYTHON) !== 0 && (blamed & PYTHON) !== 0);
