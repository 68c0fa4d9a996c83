/** Names that outlive a run: the same as those read anew, never older than the files they come from. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { installedFile } from '../../daemon/installed.js';
import { nameCacheFolder } from '../../daemon/symbols/nameCache.js';
import { type ModuleProblem, openSymbolizer, type SymbolFrame } from '../../daemon/symbols/symbolizer.js';
import {
  build,
  callSites,
  debugFilePath,
  functionAddresses,
  moduleRef,
  requestsFor,
  run,
  temporaryFolder,
} from './support.js';

interface World {
  readonly folder: string;
  readonly cache: string;
  /** the symbolizer, counting its starts */
  readonly binary: string;
  readonly starts: () => number;
}

const world = (t: ExecutionContext): World => {
  const folder = temporaryFolder(t);
  const binary = join(folder, 'symbolizer');
  const log = join(folder, 'starts');
  const real = installedFile('build/memtrace-symbolizer');
  writeFileSync(binary, `#!/bin/sh\necho >> '${log}'\nexec '${real}'\n`, { mode: 0o755 });
  const starts = (): number => (existsSync(log) ? readFileSync(log, 'utf8').length : 0);
  return { folder, cache: join(folder, 'cache'), binary, starts };
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
  const frames = await symbolizer.lookup(requestsFor(module, addresses));
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
  await symbolizer.lookup(requestsFor(module, addresses.slice(0, 4)));
  const rest = symbolizer.lookup(requestsFor(module, addresses));
  await symbolizer.close();
  t.true((await rest).some((frames, i) => frames.length === 0 && fresh.frames[i]?.length));
  t.deepEqual(readdirSync(here.cache), [`${module.buildId}.names`]);
  t.deepEqual((await look(here, program, addresses)).frames, fresh.frames);
});

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

test('so does one that is put beside the program, where only its debug link leads', async (t) => {
  const here = world(t);
  const program = build(here.folder, 'plain.c', '-O2');
  const helper = helperIn(program);
  const kept = join(here.folder, 'kept.debug');
  run('objcopy', '--only-keep-debug', program, kept);
  run('objcopy', '--strip-all', `--add-gnu-debuglink=${kept}`, program);
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

test('a program that was changed and kept its build-id is read again', async (t) => {
  const here = world(t);
  const program = build(here.folder, 'plain.c', '-O2');
  const helper = helperIn(program);
  t.is(lastOf(await look(here, program, [helper])), 'hidden_helper with line');
  run('strip', program);
  t.is(lastOf(await look(here, program, [helper])), '? without line');
});

/** Without how the folders look around the program. */
const linesOf = (text: string): readonly string[] => text.split('\n').toSpliced(2, 1);

test('a damaged file is as good as none', async (t) => {
  const here = world(t);
  const program = build(here.folder, 'deep.cpp', '-O2');
  const addresses = callSites(program, 1000);
  const first = await look(here, program, addresses);
  const names = readdirSync(here.cache);
  t.deepEqual(names, [`${moduleRef(program).buildId}.names`]);
  const file = join(here.cache, names[0] ?? '');
  const whole = readFileSync(file, 'utf8');
  const damages: readonly (() => void)[] = [
    () => truncateSync(file, 0),
    () => truncateSync(file, whole.length >> 1),
    () => truncateSync(file, whole.length - 3),
    () => writeFileSync(file, whole.replace(/\nF /, '\nG ')),
    () => writeFileSync(file, whole.replace('memtrace-names 1', 'memtrace-names 2')),
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
