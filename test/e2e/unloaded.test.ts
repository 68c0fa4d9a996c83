/**
 * Libraries that are unloaded and others mapped in their place: what was remembered of the addresses must go. Each
 * part of forgetting is left out once, to see that it would be noticed.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Snapshot } from '../../proto/snapshot.js';
import { newFolder } from '../folders.js';
import { type Mutation, OLD_LOADER } from '../mutation.js';
import { MEMTRACE, ROOT } from '../places.js';
import { run } from './harness.js';
import { mutatedMemtrace } from './mutated.js';

const build = (source: string, out: string, ...flags: readonly string[]): void => {
  const path = join(ROOT, 'test/programs/unwind', source);
  execFileSync('cc', ['-O1', '-g', '-fno-builtin', ...flags, path, '-o', out]);
};

/** Functions of a stack, from the innermost. */
const chain = ({ stacks, frames }: Snapshot, stack: number): string[] => {
  const names: string[] = [];
  for (let at = stack; at >= 0; at = stacks[at].parent) names.push(frames[stacks[at].frame].function ?? '?');
  return names;
};

/** How many blocks have which path: the function, its caller, and where the stack ends. */
const paths = async (memtrace: string): Promise<Readonly<Record<string, number>>> => {
  const folder = newFolder();
  build('plugin.c', join(folder, 'libred.so'), '-shared', '-fPIC', '-DNAME=red', '-DROOM=16', '-DBYTES=10');
  build('plugin.c', join(folder, 'libblue.so'), '-shared', '-fPIC', '-DNAME=blue', '-DROOM=80', '-DBYTES=20');
  build('plugin_host.c', join(folder, 'host'));
  const out = join(folder, 't.json');
  const ran = await run([memtrace, 'run', '-o', out, '--', join(folder, 'host'), folder]);
  if (ran.code !== 0) throw new Error(ran.stderr);
  if (Number(ran.stdout) < 100) throw new Error('the libraries were not mapped in each other’s place');
  const snapshot: Snapshot = JSON.parse(readFileSync(out, 'utf8'));
  const found: Record<string, number> = {};
  for (const site of snapshot.sites) {
    const bytes = site.liveBytes / site.liveBlocks;
    if (bytes !== 10 && bytes !== 20) continue;
    const names = chain(snapshot, site.stack);
    const path = `${bytes}: ${names[0]} < ${names[1]} < ${names.at(-1)}`;
    found[path] = (found[path] ?? 0) + site.liveBlocks;
  }
  return found;
};

const truth = { '10: red < main < _start': 100, '20: blue < main < _start': 100 };

test('a library mapped where another one was has its own stacks', async (t) => {
  t.deepEqual(await paths(MEMTRACE), truth);
});

/** Runs it; red's frame is larger than what is left of the stack when blue runs in its place. */
const smaller = async (memtrace: string): Promise<number | null> => {
  const folder = newFolder();
  const plugin = (name: string, room: string): void =>
    build(
      'plugin.c',
      join(folder, `lib${name}.so`),
      '-shared',
      '-fPIC',
      `-DNAME=${name}`,
      `-DROOM=${room}`,
      '-DBYTES=10',
      '-DSAVE_FP',
    );
  plugin('red', '199992');
  plugin('blue', '1000');
  build('smaller_plugins.c', join(folder, 'host'));
  const command = [join(folder, 'host'), folder, '199992', '1000'];
  const { code } = await run([memtrace, 'run', '-q', '--no-output', '--', ...command]);
  return code;
};

test('what was remembered of a library is not looked for on a stack that is gone', async (t) => {
  t.is(await smaller(MEMTRACE), 0);
});
test('it would be seen if paths were gone before they are known to be of this epoch', async (t) => {
  const late = {
    file: 'shim/unwind/remember.c',
    from: '    struct registers end = place_registers',
    to: '    if (!path_holds(p))\n        return false;\n    struct registers end = place_registers',
  };
  t.is(await smaller(mutatedMemtrace(late)), 139); // SIGSEGV
});

test('the same where modules are found without the loader', async (t) => {
  t.deepEqual(await paths(mutatedMemtrace(OLD_LOADER)), truth);
});
test('it would be seen if the list of modules were kept', async (t) => {
  const kept = {
    file: 'shim/platform/linux/module_list.c',
    from: '    store_relaxed(&list.count, 0);',
    to: '    (void)0;',
  };
  t.notDeepEqual(await paths(mutatedMemtrace(OLD_LOADER, kept)), truth);
});

const mutations: Readonly<Record<string, Mutation>> = {
  'dlclose went unnoticed': {
    file: 'shim/interpose/loader.c',
    from: '        modules_refresh();',
    to: '        (void)0;',
  },
  'rules outlived their library': { file: 'shim/modules.c', from: '    rules_clear();', to: '    (void)0;' },
  'no new epoch began': {
    file: 'shim/modules.c',
    from: '    __atomic_add_fetch(&process->epoch, 1, __ATOMIC_RELEASE);',
    to: '    (void)0;',
  },
  'a thread kept its remembered frames over an epoch': {
    file: 'shim/trace.c',
    from: '    remember_nothing(&t->remembered);\n    t->epoch',
    to: '    t->epoch',
  },
};

for (const [what, mutation] of Object.entries(mutations))
  test(`it would be seen if ${what}`, async (t) => {
    t.notDeepEqual(await paths(mutatedMemtrace(mutation)), truth);
  });
