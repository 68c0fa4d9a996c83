/** Names that outlive a run: the same as those read anew, never older than the files they come from. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { installedFile } from '../../daemon/installed.js';
import { nameCacheFolder } from '../../daemon/symbols/nameCache.js';
import {
  type ModuleProblem,
  type ModuleRef,
  openSymbolizer,
  type SymbolFrame,
} from '../../daemon/symbols/symbolizer.js';
import {
  build,
  callSites,
  debugFilePath,
  functionAddresses,
  moduleRef,
  run,
  sourceOf,
  temporaryFolder,
} from './support.js';

interface World {
  readonly folder: string;
  readonly cache: string;
  /** the symbolizer, counting its starts */
  readonly binary: string;
  readonly starts: () => number;
  /** makes it answer that no file can be read */
  readonly fail: (failing: boolean) => void;
}

const world = (t: ExecutionContext): World => {
  const folder = temporaryFolder(t);
  const binary = join(folder, 'symbolizer');
  const log = join(folder, 'starts');
  const real = installedFile('build/memtrace-symbolizer');
  const failing = join(folder, 'failing');
  const script = [
    `echo >> '${log}'`,
    `[ -e '${failing}' ] || exec '${real}'`,
    'echo memtrace-symbolizer 1',
    'while read -r kind number addresses; do',
    '  [ "$kind" = L ] || continue',
    '  echo "M $number unreadable Input/output error"',
    '  for each in $addresses; do echo F; done',
    '  echo E',
    'done',
  ];
  writeFileSync(binary, ['#!/bin/sh', ...script, ''].join('\n'), { mode: 0o755 });
  const fail = (yes: boolean): void => (yes ? writeFileSync(failing, '') : rmSync(failing));
  const starts = (): number => (existsSync(log) ? readFileSync(log, 'utf8').length : 0);
  return { folder, cache: join(folder, 'cache'), binary, starts, fail };
};

interface Seen {
  readonly frames: readonly (readonly SymbolFrame[])[];
  readonly problems: readonly ModuleProblem[];
}

/** One run of memtrace, as far as names go. */
const look = async (
  { binary, cache }: World,
  program: string,
  addresses: readonly number[],
  env: NodeJS.ProcessEnv = {},
): Promise<Seen> => {
  const symbolizer = openSymbolizer({ binary, env: { ...process.env, ...env }, cache });
  const module = moduleRef(program);
  symbolizer.hold(module);
  const frames = await symbolizer.lookup(module, addresses);
  const problems = symbolizer.problems();
  await symbolizer.close();
  return { frames, problems };
};

const helperIn = (program: string): number => (functionAddresses(program).get('hidden_helper') ?? 0) + 12;

/** Of the physical function. */
const lastOf = ({ frames }: Seen): string => {
  const last = frames[0]?.at(-1);
  return `${last?.function ?? '?'} ${last?.line ? 'with line' : 'without line'}`;
};

test('the second run has the same names and problems without a symbolizer', async (t) => {
  const here = world(t);
  for (const [source, ...flags] of [
    ['deep.cpp', '-O2'],
    ['plain.c', '-O2', '-s'],
  ] as const) {
    const program = build(here.folder, source, ...flags);
    const addresses = callSites(program, 1000);
    const before = here.starts();
    const first = await look(here, program, addresses);
    t.is(here.starts(), before + 1);
    t.true(addresses.length > 5);
    t.deepEqual(await look(here, program, addresses), first);
    t.is(here.starts(), before + 1);
  }
});

test('what the first run did not ask for is asked for by the second, and known to the third', async (t) => {
  const here = world(t);
  const program = build(here.folder, 'deep.cpp', '-O2');
  const addresses = callSites(program, 1000);
  const fresh = await look({ ...here, cache: join(here.folder, 'other') }, program, addresses);
  await look(here, program, addresses.slice(0, 4));
  t.deepEqual((await look(here, program, addresses)).frames, fresh.frames);
  t.is(here.starts(), 3);
  t.deepEqual((await look(here, program, addresses)).frames, fresh.frames);
  t.is(here.starts(), 3);
});

test('what a session ended before it was answered is not taken for nameless by the next', async (t) => {
  const here = world(t);
  const program = build(here.folder, 'deep.cpp', '-O2');
  const addresses = callSites(program, 1000);
  const fresh = await look({ ...here, cache: join(here.folder, 'other') }, program, addresses);
  const symbolizer = openSymbolizer({ binary: here.binary, cache: here.cache });
  const module = moduleRef(program);
  await symbolizer.lookup(module, addresses.slice(0, 4));
  const rest = symbolizer.lookup(module, addresses);
  await symbolizer.close();
  t.true((await rest).some((frames, i) => frames.length === 0 && fresh.frames[i]?.length));
  t.deepEqual(readdirSync(here.cache), [`${module.buildId}.memtrace-names`]);
  t.deepEqual((await look(here, program, addresses)).frames, fresh.frames);
});

test('what could not be read for once is not taken for nameless ever after', async (t) => {
  const here = world(t);
  const program = build(here.folder, 'deep.cpp', '-O2');
  const addresses = callSites(program, 1000);
  const fresh = await look({ ...here, cache: join(here.folder, 'other') }, program, addresses);
  await look(here, program, addresses.slice(0, 4));
  here.fail(true);
  const failed = await look(here, program, addresses);
  t.deepEqual(failed.frames.slice(0, 4), fresh.frames.slice(0, 4));
  t.true(failed.frames.slice(4).every((frames) => frames.length === 0));
  t.regex(failed.problems[0]?.problem ?? '', /Input\/output error/);
  here.fail(false);
  t.deepEqual(await look(here, program, addresses), fresh);
});

test('names without lines are looked up again after a day, those with lines never', async (t) => {
  const here = world(t);
  for (const [flags, again] of [
    ['-s', 1],
    ['-g', 0],
  ] as const) {
    const program = build(here.folder, 'plain.c', '-O2', flags);
    const addresses = callSites(program, 1000);
    const first = await look(here, program, addresses);
    const starts = here.starts();
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    const file = join(here.cache, `${moduleRef(program).buildId}.memtrace-names`);
    utimesSync(file, twoDaysAgo, twoDaysAgo);
    t.deepEqual(await look(here, program, addresses), first);
    t.is(here.starts(), starts + again);
    t.deepEqual(await look(here, program, addresses), first);
    t.is(here.starts(), starts + again);
  }
});

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

/** Without how the folders look around the program. */
const linesOf = (text: string): readonly string[] => text.split('\n').toSpliced(2, 1);

/** Its names turned into others, with a size that fits. */
const edited = (text: string, edit: (names: NamesOnDisk) => unknown): string => {
  const [version, origin, places, , names = ''] = text.split('\n');
  const body = JSON.stringify(edit(JSON.parse(names)));
  return [version, origin, places, `${body.length} characters`, body].join('\n');
};

type NamesOnDisk = Readonly<Record<'strings' | 'answers' | 'addresses' | 'answerOf', readonly unknown[]>>;

test('a damaged file is as good as none', async (t) => {
  const here = world(t);
  const program = build(here.folder, 'deep.cpp', '-O2');
  const addresses = callSites(program, 1000);
  const first = await look(here, program, addresses);
  const names = readdirSync(here.cache);
  t.deepEqual(names, [`${moduleRef(program).buildId}.memtrace-names`]);
  const file = join(here.cache, names[0] ?? '');
  const whole = readFileSync(file, 'utf8');
  const damages: readonly (() => void)[] = [
    () => truncateSync(file, 0),
    () => truncateSync(file, whole.length >> 1),
    () => truncateSync(file, statSync(file).size - 3), // its head has times in it, of any length
    () => writeFileSync(file, `${whole} `),
    () =>
      writeFileSync(
        file,
        edited(whole, (names) => ({ ...names, state: 'liness' })),
      ),
    () =>
      writeFileSync(
        file,
        edited(whole, (names) => ({ ...names, strings: [null, 1, {}] })),
      ),
    () =>
      writeFileSync(
        file,
        edited(whole, (names) => ({ ...names, answers: [null] })),
      ),
    () =>
      writeFileSync(
        file,
        edited(whole, (names) => ({ ...names, answers: [[1, 2, 'line']] })),
      ),
    () =>
      writeFileSync(
        file,
        edited(whole, (names) => ({ ...names, answerOf: names.answerOf.slice(1) })),
      ),
    () =>
      writeFileSync(
        file,
        edited(whole, ({ answers, ...names }) => ({ ...names, answers: answers.slice(1) })),
      ),
    () =>
      writeFileSync(
        file,
        edited(whole, ({ addresses: _, ...names }) => names),
      ),
    () =>
      writeFileSync(
        file,
        edited(whole, () => null),
      ),
    () => writeFileSync(file, whole.replace('memtrace-names 2', 'memtrace-names 1')),
    () => writeFileSync(file, Buffer.alloc(100_000, 0xff)),
  ];
  for (const damage of damages) {
    damage();
    const before = here.starts();
    t.deepEqual(await look(here, program, addresses), first);
    t.is(here.starts(), before + 1);
    t.deepEqual(linesOf(readFileSync(file, 'utf8')), linesOf(whole));
  }
});

test('when there is too much, only names are removed: the folder may hold whatever else', async (t) => {
  const here = world(t);
  const program = build(here.folder, 'plain.c', '-O2');
  mkdirSync(join(here.cache, 'folder.memtrace-names'), { recursive: true, mode: 0o700 });
  chmodSync(here.cache, 0o700);
  const put = (name: string, mib: number, usedAt: number): void => {
    writeFileSync(join(here.cache, name), '');
    truncateSync(join(here.cache, name), mib << 20);
    utimesSync(join(here.cache, name), usedAt, usedAt);
  };
  put('holiday.mp4', 600, 1);
  put('beef.names', 1, 1);
  put('old.memtrace-names', 200, 2);
  put('cut-off.memtrace-names.77_x3', 100, 3);
  put('newer.memtrace-names', 200, 4);
  symlinkSync('/nowhere', join(here.cache, 'dangling.memtrace-names'));
  await look(here, program, callSites(program, 10));
  t.deepEqual(
    readdirSync(here.cache).toSorted(),
    [
      `${moduleRef(program).buildId}.memtrace-names`,
      'beef.names',
      'dangling.memtrace-names',
      'folder.memtrace-names',
      'holiday.mp4',
      'newer.memtrace-names',
    ].toSorted(),
  );
});

test('a folder that others may write to, or that cannot be made, is not used and costs nothing but time', async (t) => {
  const here = world(t);
  const program = build(here.folder, 'plain.c', '-O2');
  const helper = helperIn(program);
  const open = join(here.folder, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  const file = join(here.folder, 'file');
  writeFileSync(file, '');
  for (const cache of [open, file, join(file, 'below'), '/proc/nowhere/names'])
    t.is(lastOf(await look({ ...here, cache }, program, [helper])), 'hidden_helper with line', cache);
  t.deepEqual(readdirSync(open), []);
  t.is(readFileSync(file, 'utf8'), '');
});

test('names are kept where the user’s caches are, or where MEMTRACE_CACHE_DIR says', (t) => {
  t.is(nameCacheFolder({ HOME: '/home/me' }), '/home/me/.cache/memtrace');
  t.is(nameCacheFolder({ HOME: '/home/me', XDG_CACHE_HOME: '/fast' }), '/fast/memtrace');
  t.is(nameCacheFolder({ HOME: '/home/me', XDG_CACHE_HOME: 'relative' }), '/home/me/.cache/memtrace');
  t.is(nameCacheFolder({ HOME: '/home/me', MEMTRACE_CACHE_DIR: '/mine' }), '/mine');
  t.is(nameCacheFolder({ HOME: '/home/me', MEMTRACE_CACHE_DIR: '' }), null);
  t.is(nameCacheFolder({}), null);
});
