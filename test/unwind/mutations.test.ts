/**
 * The comparison has teeth: each check of the incremental walk that is left out shows up as wrong stacks. A
 * mutation that nothing notices would mean a check that is not tested.
 */
import test from 'ava';
import type { Mutation } from '../mutation.js';
import { where, x86_64 } from '../where.js';
import { buildComparison, buildLazy, buildProgram, compare, removeFolder } from './support.js';

const FILE = 'shim/unwind/remember.c';
const PATH = 'shim/unwind/path.h';
test.after.always(removeFolder);

const mutations: Readonly<Record<string, Mutation>> = {
  'return address slots are not read again': {
    file: FILE,
    from: 'while (place_holds(f[i].place, f[i].pc))',
    to: 'while (i >= 0)',
  },
  'saved frame pointers are not read again': {
    file: FILE,
    from: 'if (unlikely(*(const uintptr_t *)m->saved[k].slot != m->saved[k].value))',
    to: 'if (0)',
  },
  'the frame pointer is not part of the state': {
    file: FILE,
    from: 'return !(s->restore & FP_IS_LIVE) || s->fp == r->fp;',
    to: 'return s != NULL;',
  },
  'what a path has read is not read again': {
    file: PATH,
    from: 'if (*(const uintptr_t *)p->read[i].slot != p->read[i].value)',
    to: 'if (0)',
  },
  'a path has only read return addresses': {
    file: FILE,
    from: 'p->reads = (uint8_t)n;',
    to: 'p->reads = (uint8_t)passed;',
  },
  'the frame pointer at the start of a path is not compared': {
    file: PATH,
    from: '(!p->leaf_needs_fp || p->leaf.fp == leaf->fp)',
    to: '1',
  },
  'a path joins frames of any address': {
    file: FILE,
    from: 'is_state(m, p->join, m->count, &end)',
    to: '(end.pc && p->join < m->count)',
  },
  'a path joins frames with any callers': {
    file: FILE,
    from: 'key_is(m->state[p->join].key, p->outer)',
    to: 'm->state[p->join].key.low',
  },
  'frames outside a path are not read again': {
    file: FILE,
    from: '           find_stale(m, p->join) < 0;',
    to: '           true;',
  },
};

for (const [what, mutation] of Object.entries(mutations))
  test(`it would be seen if ${what}`, async (t) => {
    const preload = await buildComparison(what.replaceAll(' ', '-'), mutation);
    let mismatches = 0;
    for (const name of ['stale_slots', 'stale_paths'])
      for (const flags of [['-O2'], ['-O2', '-fno-omit-frame-pointer']]) {
        const program = await buildProgram(name, ...flags);
        mismatches += (await compare(preload, [program, '20000'])).mismatches;
      }
    t.true(mismatches > 100, `only ${mismatches} wrong stacks`);
  });

test('it would be seen if stacks ended in the lazy binding resolver', async (t) => {
  const preload = await buildComparison('no-full-walk', {
    file: 'shim/unwind/walk.c',
    from: 'if (unlikely(step == STEP_BEYOND))',
    to: 'if (0)',
  });
  const { program, env } = await buildLazy('-O2');
  const found = await compare(preload, [program], env);
  t.true(found.mismatches > 1000, `only ${found.mismatches} wrong stacks`);
});

for (const [what, to] of [
  ['the frame pointer that leads to another stack', '*restore = saved_fp;'],
  ['what is saved on another stack', '*restore = USES_FP;'],
] as const)
  where(x86_64)(`it would be seen if ${what} were not noted`, async (t) => {
    const preload = await buildComparison(what.replaceAll(' ', '-'), {
      file: 'shim/unwind/x86_64.c',
      from: '*restore = saved_fp | USES_FP;',
      to,
    });
    let mismatches = 0;
    for (const flags of [['-O0'], ['-O2', '-fno-omit-frame-pointer']]) {
      const program = await buildProgram('elsewhere', ...flags);
      mismatches += (await compare(preload, [program, 'mapped'])).mismatches;
    }
    t.true(mismatches > 100, `only ${mismatches} wrong stacks`);
  });
