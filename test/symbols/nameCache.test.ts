/** Names that outlive a run: the same as those read anew, and never believed when they are damaged. */
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { nameCacheFolder } from '../../daemon/symbols/nameCache.js';
import { openSymbolizer } from '../../daemon/symbols/symbolizer.js';
import { helperIn, lastOf, look, world } from './nameRuns.js';
import { build, callSites, moduleRef } from './support.js';

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
    () => writeFileSync(file, whole.replace(/^memtrace-names \d+/, 'memtrace-names 1')),
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
