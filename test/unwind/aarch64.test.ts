/**
 * The AArch64 unwinder against libgcc's, cross-compiled and run under qemu-user: part of `make test-all`, where the
 * compiler and qemu are installed.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { Mutation } from '../mutation.js';
import { ROOT } from '../places.js';
import { installed, patience, where } from '../where.js';
import { aarch64, buildComparison, buildProgramFor, compare, removeFolder } from './support.js';

test.after.always(removeFolder);

const tools = installed(aarch64.c, aarch64.cxx, 'qemu-aarch64');
const when = where(patience, tools);

const preload = (mutation?: Mutation, name = 'compare') => buildComparison(name, mutation, 'libgcc', aarch64);
const plain = patience.isThere && tools.isThere ? preload() : Promise.resolve('');

const builds = [
  ['-O0'],
  ['-O2'],
  ['-O2', '-fomit-frame-pointer'],
  ['-O2', '-mbranch-protection=standard'], // return addresses on the stack are signed
] as const;

for (const flags of builds) {
  const how = flags.join(' ');
  when(`a random call graph built with ${how} has the right stack at every allocation`, async (t) => {
    const program = await buildProgramFor(aarch64, 'random_calls', ...flags);
    const found = await compare(await plain, [program, '1', '8', '2'], {}, aarch64);
    t.is(found.mismatches, 0);
    t.is(found.truncated, 0);
    t.true(found.checked > 50_000, `only ${found.checked} stacks were seen`);
    t.true(found.afresh < found.checked / 4, 'most walks were to be incremental');
  });

  for (const name of ['stale_slots', 'stale_paths'])
    when(`return addresses left over mislead nobody: ${name} built with ${how}`, async (t) => {
      const program = await buildProgramFor(aarch64, name, ...flags);
      const found = await compare(await plain, [program, '10000'], {}, aarch64);
      t.is(found.mismatches, 0);
      t.is(found.truncated, 0);
      t.true(found.checked >= 10_000);
    });

  when(`frames of a stack that was made smaller are not looked at, built with ${how}`, async (t) => {
    const program = await buildProgramFor(aarch64, 'smaller_stacks', ...flags);
    for (const first of ['0', '1'])
      t.is((await compare(await plain, [program, first], {}, aarch64)).mismatches, 0);
  });

  for (const place of ['mapped', 'static', 'large', 'realigned'])
    when(`a stack goes on where its outer frames lie elsewhere: ${place}, built with ${how}`, async (t) => {
      const program = await buildProgramFor(aarch64, 'elsewhere', ...flags);
      const found = await compare(await plain, [program, place], {}, aarch64);
      t.is(found.mismatches, 0);
      t.is(found.truncated, 0);
      t.true(found.checked > 200);
    });

  when(`functions that are interrupted anywhere have the right stack, built with ${how}`, async (t) => {
    const program = await buildProgramFor(aarch64, 'interrupted', ...flags);
    const found = await compare(await plain, [program, '300'], {}, aarch64);
    t.is(found.mismatches, 0);
    t.true(found.checked >= 300);
  });

  when(
    `a stub of the linkage table that is interrupted does not end the stack, built with ${how}`,
    async (t) => {
      const program = await buildProgramFor(aarch64, 'stub', ...flags);
      const found = await compare(await plain, [program], {}, aarch64);
      t.is(found.mismatches, 0);
      t.is(found.truncated, 0);
      t.is(found.further, 200); // libgcc's stops there
    },
  );
}

when('a program with the AArch64 shim and no session runs as without', async (t) => {
  const program = await buildProgramFor(aarch64, 'random_calls', '-O2');
  const [qemu, ...args] = aarch64.start(join(ROOT, 'build/aarch64/libmemtrace.so'), {});
  const { stderr } = await promisify(execFile)(qemu, [...args, program, '1', '8', '2']);
  t.is(stderr, ''); // where the loader would say that it could not preload
});

const mutations: Readonly<Record<string, Mutation>> = {
  'authentication codes were left on return addresses': {
    file: 'shim/unwind/aarch64.h',
    from: '__asm__("hint #7" : "+r"(x30));',
    to: '__asm__("" : "+r"(x30));',
  },
  'return address slots were not read again': {
    file: 'shim/unwind/remember.c',
    from: 'while (place_holds(f[i].place, f[i].pc))',
    to: 'while (i >= 0)',
  },
  'what a path has read were not read again': {
    file: 'shim/unwind/path.h',
    from: 'if (*(const uintptr_t *)p->read[i].slot != p->read[i].value)',
    to: 'if (0)',
  },
  'saved frame pointers were not read again': {
    file: 'shim/unwind/remember.c',
    from: 'if (unlikely(*(const uintptr_t *)m->saved[k].slot != m->saved[k].value))',
    to: 'if (0)',
  },
};

for (const [what, mutation] of Object.entries(mutations))
  when(`it would be seen if ${what}`, async (t) => {
    const mutated = await preload(mutation, what.replaceAll(' ', '-'));
    let mismatches = 0;
    for (const name of ['stale_slots', 'stale_paths'])
      for (const flags of builds.slice(1)) {
        const program = await buildProgramFor(aarch64, name, ...flags);
        mismatches += (await compare(mutated, [program, '10000'], {}, aarch64)).mismatches;
      }
    t.true(mismatches > 100, `only ${mismatches} wrong stacks`);
  });

when('it would be seen if the return address in x30 of an interrupted leaf were not used', async (t) => {
  const mutated = await preload(
    { file: 'shim/unwind/aarch64.h', from: 'uintptr_t pc = r->lr, slot', to: 'uintptr_t pc = 0, slot' },
    'no-lr',
  );
  const program = await buildProgramFor(aarch64, 'interrupted', '-O2');
  const found = await compare(mutated, [program, '300'], {}, aarch64);
  t.true(found.mismatches > 10, `only ${found.mismatches} wrong stacks`);
});
