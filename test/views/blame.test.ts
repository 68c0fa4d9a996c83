/** Which frame answers for a stack: the rule of views/blame.ts, asked of each stack anew. */
import test from 'ava';
import { blameStacks, type StackArrays } from '../../views/blame.js';
import { debugInfoNotes } from '../../views/notes.js';
import { moduleRole, ownershipOf, yieldsToPython } from '../../views/ownership.js';
import { randomRecording, snapshotOf } from './build.js';

const ruleFor = ({ modules, frames, stacks }: StackArrays) => {
  const frameOf = (node: number) => frames[stacks.frame[node]];
  const owner = (node: number) => {
    const module = modules[frameOf(node).module];
    return ownershipOf(frameOf(node), module ? moduleRole(module) : 'user');
  };
  const yields = (node: number) => yieldsToPython(frameOf(node), modules[frameOf(node).module]);
  const blame = (node: number): number => {
    const parent = stacks.parent[node];
    if (parent < 0) return node;
    const outer = blame(parent);
    if (owner(node) === 'allocator') return outer;
    if (owner(node) === 'runtime' && ['user', 'ownAccount'].includes(owner(outer))) return outer;
    const isPythonLine = owner(outer) === 'user' && frameOf(outer).language === 'python';
    return yields(node) && isPythonLine ? outer : node;
  };
  const caller = (node: number): number =>
    owner(node) === 'allocator' && stacks.parent[node] >= 0 ? caller(stacks.parent[node]) : node;
  return { blame, caller, isUser: (node: number) => owner(blame(node)) === 'user' };
};

/** As a live profile looked before. */
const before = ({ modules, frames, stacks }: StackArrays, count: number): StackArrays => {
  const used = 1 + Math.max(-1, ...stacks.frame.subarray(0, count));
  return { modules, frames: frames.slice(0, used), stacks: { ...stacks, count } };
};

test('every stack is blamed as the rule says, also one that came later', (t) => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = randomRecording(seed);
    // Frames of Python come last: most stacks are there before the first one.
    const frames = random.frames.toSorted(
      (a, b) => Number(a.language === 'python') - Number(b.language === 'python'),
    );
    const whole = { ...random, frames };
    const rule = ruleFor(whole);
    const blame = blameStacks(before(whole, 0));
    for (const count of [7, 20, whole.stacks.count]) blame.catchUp(before(whole, count));
    for (let node = 0; node < whole.stacks.count; node += 1) {
      const found = [blame.nodeOf(node), blame.callerOf(node), blame.isUser(node)];
      t.deepEqual(found, [rule.blame(node), rule.caller(node), rule.isUser(node)], `${seed}: ${node}`);
    }
  }
});

const APP = '/home/me/app';
const noted = (withLines: number, without: number, notes: readonly string[] = []): readonly string[] =>
  debugInfoNotes({
    ...snapshotOf([
      ...(withLines > 0 ? [{ stack: [`${APP}!main@main.c:3`, 'libc.so.6!malloc'], bytes: withLines }] : []),
      { stack: [`${APP}!grow`, 'libc.so.6!malloc'], bytes: without },
    ]),
    notes,
  });

test('a program of which a small part has no lines is not said to have no debug information', (t) => {
  t.deepEqual(noted(900, 100), []);
  t.regex(
    noted(100, 900).join(),
    /^part of app has no debug information, so it shows functions but no lines/,
  );
  t.regex(noted(0, 100).join(), /^app has no debug information/);
});

test('a program whose file cannot be opened is not told to be compiled with -g as well', (t) => {
  t.deepEqual(noted(0, 100, [`${APP}: cannot be opened: no such file`]), []);
  t.is(noted(0, 100, [`${APP}.so: cannot be opened: no such file`]).length, 1);
});
