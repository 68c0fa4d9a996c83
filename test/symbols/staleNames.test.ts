/** Names that outlive a run are never older than the program and the debug files that they come from. */
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type ModuleRef, openSymbolizer } from '../../daemon/symbols/symbolizer.js';
import { helperIn, lastOf, look, world } from './nameRuns.js';
import { build, callSites, debugFilePath, moduleRef, run, sourceOf } from './support.js';

/** A program whose debug information is in a file of its own, to which only its link leads. */
const linked = (
  folder: string,
): { readonly program: string; readonly kept: string; readonly helper: number } => {
  const program = build(folder, 'plain.c', '-O2');
  const helper = helperIn(program);
  const kept = join(folder, 'kept.debug');
  run('objcopy', '--only-keep-debug', program, kept);
  run('objcopy', '--strip-all', `--add-gnu-debuglink=${kept}`, program);
  return { program, kept, helper };
};

test('a debug file that is installed later gives its lines', async (t) => {
  const here = world(t);
  const program = build(here.folder, 'plain.c', '-O2');
  const [helper, tree] = [helperIn(program), join(here.folder, 'tree')];
  const debugFile = debugFilePath(tree, moduleRef(program).buildId ?? '');
  run('objcopy', '--only-keep-debug', program, join(here.folder, 'kept.debug'));
  run('strip', program);
  const env = { MEMTRACE_DEBUG_DIRS: tree };
  t.is(lastOf(await look(here, program, [helper], env)), '? without line');
  copyFileSync(join(here.folder, 'kept.debug'), debugFile);
  t.is(lastOf(await look(here, program, [helper], env)), 'hidden_helper with line');
  t.is(lastOf(await look(here, program, [helper], env)), 'hidden_helper with line');
  t.is(here.starts(), 2);
});

test('so does one that is put where a debug link leads in a tree: below any end of the program’s folder', async (t) => {
  const here = world(t);
  const { program, kept, helper } = linked(here.folder);
  const home = join(here.folder, 'opt/tool/bin');
  mkdirSync(home, { recursive: true });
  for (const [at, below] of ['', 'bin', 'tool/bin', `.${home}`].entries()) {
    const moved = join(home, `program${at}`);
    copyFileSync(program, moved);
    const tree = join(here.folder, `tree${at}`);
    const env = { MEMTRACE_DEBUG_DIRS: tree };
    mkdirSync(join(tree, below), { recursive: true });
    t.is(lastOf(await look(here, moved, [helper], env)), '? without line');
    t.is(lastOf(await look(here, moved, [helper], env)), '? without line');
    copyFileSync(kept, join(tree, below, 'kept.debug'));
    t.is(lastOf(await look(here, moved, [helper], env)), 'hidden_helper with line', below);
    rmSync(join(here.cache, `${moduleRef(moved).buildId}.memtrace-names`));
  }
});

test('so does one that is put beside the program, where only its debug link leads', async (t) => {
  const here = world(t);
  const { program, kept, helper } = linked(here.folder);
  for (const place of ['.', '.debug']) {
    const home = join(here.folder, `home${place}`);
    mkdirSync(join(home, place), { recursive: true });
    const moved = join(home, 'program');
    copyFileSync(program, moved);
    t.is(lastOf(await look(here, moved, [helper])), '? without line');
    copyFileSync(kept, join(home, place, 'kept.debug'));
    t.is(lastOf(await look(here, moved, [helper])), 'hidden_helper with line');
  }
});

test('an older folder with a debug file in it, as rsync puts it there, is noticed', async (t) => {
  const here = world(t);
  const { program, kept, helper } = linked(here.folder);
  const home = join(here.folder, 'home');
  mkdirSync(home);
  const moved = join(home, 'program');
  copyFileSync(program, moved);
  const { atime, mtime } = statSync(home);
  t.is(lastOf(await look(here, moved, [helper])), '? without line');
  copyFileSync(kept, join(home, 'kept.debug'));
  utimesSync(home, atime, mtime);
  t.is(lastOf(await look(here, moved, [helper])), 'hidden_helper with line');
});

test('what is known without the .dwo files is not remembered: they may come back', async (t) => {
  const here = world(t);
  const program = join(here.folder, 'program');
  run('g++', '-g', '-gsplit-dwarf', '-O2', sourceOf('deep.cpp'), '-o', program);
  const addresses = callSites(program, 1000);
  const fresh = await look({ ...here, cache: join(here.folder, 'other') }, program, addresses);
  t.true(fresh.frames.some((frames) => frames.length > 1));
  const [dwo = ''] = readdirSync(here.folder).filter((name) => name.endsWith('.dwo'));
  renameSync(join(here.folder, dwo), join(here.folder, 'away'));
  const without = await look(here, program, addresses);
  t.notDeepEqual(without.frames, fresh.frames);
  t.regex(without.problems[0]?.problem ?? '', /\.dwo/);
  renameSync(join(here.folder, 'away'), join(here.folder, dwo));
  t.deepEqual(await look(here, program, addresses), fresh);
});

test('a program whose .dwo files were packed into a .dwp misses nothing that could come back', async (t) => {
  const here = world(t);
  const program = join(here.folder, 'program');
  run('g++', '-gdwarf-4', '-gsplit-dwarf', '-O2', sourceOf('deep.cpp'), '-o', program);
  run('dwp', '-e', program, '-o', `${program}.dwp`);
  for (const name of readdirSync(here.folder)) if (name.endsWith('.dwo')) rmSync(join(here.folder, name));
  const first = await look(here, program, callSites(program, 1000));
  t.deepEqual(first.problems, []);
  t.true(readdirSync(here.cache).length > 0);
});

test('nor what is known without the file of a .gnu_debugaltlink', async (t) => {
  const here = world(t);
  const [program, other] = [build(here.folder, 'deep.cpp', '-O2'), build(here.folder, 'deep.cpp', '-O1')];
  const common = join(here.folder, 'common.debug');
  run('dwz', '-m', common, program, other);
  const addresses = callSites(program, 1000);
  const fresh = await look({ ...here, cache: join(here.folder, 'other') }, program, addresses);
  renameSync(common, `${common}.away`);
  const without = await look(here, program, addresses);
  t.notDeepEqual(without.frames, fresh.frames);
  t.regex(without.problems[0]?.problem ?? '', /gnu_debugaltlink/);
  renameSync(`${common}.away`, common);
  t.deepEqual(await look(here, program, addresses), fresh);
});

test('a program that was changed and kept its build-id is read again', async (t) => {
  const here = world(t);
  const program = build(here.folder, 'plain.c', '-O2');
  const helper = helperIn(program);
  t.is(lastOf(await look(here, program, [helper])), 'hidden_helper with line');
  run('strip', program);
  t.is(lastOf(await look(here, program, [helper])), '? without line');
});

test('so is one without a build-id of which another build has the same size and time', async (t) => {
  const here = world(t);
  const program = build(here.folder, 'plain.c', '-O2', '-Wl,--build-id=none');
  const module: ModuleRef = { path: program, buildId: null, pid: null };
  const helper = [helperIn(program)];
  const nameOf = async (): Promise<string | null | undefined> => {
    const symbolizer = openSymbolizer({ binary: here.binary, cache: here.cache });
    const [frames] = await symbolizer.lookup(module, helper);
    await symbolizer.close();
    return frames?.at(-1)?.function;
  };
  const { atime, mtime } = statSync(program);
  t.is(await nameOf(), 'hidden_helper');
  t.is(readdirSync(here.cache).length, 1);
  const bytes = readFileSync(program);
  writeFileSync(
    program,
    Buffer.from(bytes.toString('latin1').replaceAll('hidden_helper', 'zidden_helper'), 'latin1'),
  );
  utimesSync(program, atime, mtime);
  t.is(await nameOf(), 'zidden_helper');
});
