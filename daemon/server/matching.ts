/**
 * Which groups and stacks a filter lets through. Names never change, so that each is looked at once per filter: a
 * hundred thousand stacks cost a look into an array afterwards.
 *
 * Owned by the views of one session.
 */
import type { Index } from '../../proto/snapshot.js';
import { type Filter, parseFilter } from '../../views/filter.js';
import type { Group } from '../../views/group.js';
import { modulePath, type Profile } from '../../views/profile.js';
import { ViewFault } from './fault.js';

export interface Matcher {
  readonly filter: Filter;
  /** By the group's number in its table. */
  readonly matchesGroup: (by: string, index: Index, group: Group) => boolean;
  /** Of this process; takes in what has been appended to the profile. */
  readonly stackMatcher: (process: Index, profile: Profile) => (stack: Index) => boolean;
}

/** Filters whose answers are remembered. */
const REMEMBERED = 8;

/** @returns null for no filter @throws ViewFault for one that cannot be read */
export const createMatchers = (): ((text: string | undefined) => Matcher | null) => {
  const known = new Map<string, Matcher>();
  return (text) => {
    if (text === undefined || text.trim() === '') return null;
    const found = known.get(text) ?? createMatcher(text);
    known.delete(text);
    known.set(text, found); // the newest stands last
    const [oldest] = known.keys();
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return found;
  };
};

const createMatcher = (text: string): Matcher => {
  const parsed = parseFilter(text);
  if (!parsed.ok) {
    const { message, at } = parsed.fault;
    throw new ViewFault('malformed', `Filter, at ${at + 1}: ${message}.`);
  }
  const { filter } = parsed;
  const groups = new Map<string, (boolean | undefined)[]>();
  const processes = new Map<Index, StackMarks>();
  return {
    filter,
    matchesGroup: (by, index, group) => {
      const answers = groups.get(by) ?? [];
      groups.set(by, answers);
      const answer = answers[index] ?? filter.matchesNames(group.stack?.() ?? [group]);
      answers[index] = answer;
      return answer;
    },
    stackMatcher: (process, profile) => {
      const marks = processes.get(process) ?? createStackMarks(filter);
      processes.set(process, marks);
      marks.catchUp(profile);
      return marks.matches;
    },
  };
};

interface StackMarks {
  readonly catchUp: (profile: Profile) => void;
  readonly matches: (stack: Index) => boolean;
}

/** One bit per term: whether it holds of a frame, and of any frame from a stack's node outwards. */
const createStackMarks = ({ nameTerms }: Filter): StackMarks => {
  const ofFrame: number[] = [];
  const ofStack: number[] = [];
  const wanted = nameTerms.reduce((bits, { negated }, at) => bits | (negated ? 0 : 1 << at), 0);
  return {
    catchUp: (profile) => {
      for (let at = ofFrame.length; at < profile.frames.length; at += 1) {
        const frame = profile.frames[at];
        if (!frame) break;
        const named = { ...frame, module: modulePath(profile, frame) };
        ofFrame.push(nameTerms.reduce((bits, { test }, bit) => bits | (test(named) ? 1 << bit : 0), 0));
      }
      const { stacks } = profile;
      for (let at = ofStack.length; at < stacks.count; at += 1) {
        const parent = stacks.parent[at];
        ofStack.push((parent < 0 ? 0 : (ofStack[parent] ?? 0)) | (ofFrame[stacks.frame[at]] ?? 0));
      }
    },
    matches: (stack) => ofStack[stack] === wanted,
  };
};
