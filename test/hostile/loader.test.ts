/** Libraries that come and go, preloads of the user's own, and binaries that are not what they were. */
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { newFolder } from '../folders.js';
import { MEMTRACE } from '../places.js';
import { build, type Case, exact, run, stacksOf, trace, unchanged } from './support.js';

const plugin = (name: string, size: number, ...flags: readonly string[]): Promise<string> =>
  build('plugin.c', `lib${name}.so`, '-shared', '-fPIC', `-DNAME=${name}`, `-DSIZE=${size}`, ...flags);

const plugins = (names: readonly string[], ...flags: readonly string[]): Promise<readonly string[]> =>
  Promise.all(names.map((name, i) => plugin(name, 10_001 + i, ...flags)));

/** Plugin i allocates 40 blocks of 10,001 + i bytes, half of which outlive it. */
const loadInTurn = async (
  t: ExecutionContext,
  names: readonly string[],
  libraries: readonly string[],
  setting: Case = {},
  how = 'in-turn',
) => {
  const result = await exact(t, [await build('loader.c'), how, '40', ...libraries], setting);
  const { main } = result;
  for (const [i, name] of names.entries()) {
    const sites = main.sites.filter(
      ({ totalBytes, totalBlocks }) => totalBytes === totalBlocks * (10_001 + i),
    );
    t.is(
      sites.reduce((sum, { totalBlocks }) => sum + totalBlocks, 0),
      40,
    );
    t.is(
      sites.reduce((sum, { liveBlocks }) => sum + liveBlocks, 0),
      20,
    ); // they outlive their library
    for (const { stack } of sites) {
      const frame = main.frames[main.stacks[stack]?.frame ?? -1];
      t.is(frame?.function, name);
      t.regex(main.modules[frame?.module ?? -1]?.path ?? '', new RegExp(`lib${name}.so$`));
    }
  }
  return result;
};

test('libraries mapped where others were unloaded get their own names', async (t) => {
  const names = ['apple', 'banana', 'cherry'];
  const { stderr } = await loadInTurn(t, names, await plugins(names));
  t.is(stderr, 'addresses were used again\n');
});

test('a library that lies where one lay that the C library had loaded for itself gets its own names', async (t) => {
  const names = ['grape', 'hazel'];
  const libraries = [await plugin('grape', 10_001), await plugin('hazel', 10_002, '-O0')];
  await loadInTurn(t, names, libraries, {}, 'in-secret');
});

test('libraries linked to an address of their own, as prelink leaves them, have names wherever they lie', async (t) => {
  const names = ['damson', 'elder', 'fig'];
  const libraries = await plugins(names, '-Wl,-Ttext-segment=0x312345000');
  const atIt = { LD_USE_LOAD_BIAS: '1' }; // glibc loads such a library where it wants to be
  await loadInTurn(t, names, libraries);
  await loadInTurn(t, names, libraries, { env: atIt });

  const command = [await build('loader.c'), 'in-turn', '1', ...libraries];
  const { stderr } = await run(command, { env: { ...atIt, LD_DEBUG: 'files' } });
  t.regex(stderr, /dynamic: 0x0*3123\w+ +base: 0x0+ /, 'not loaded where they want to be');
});

test('a library that binds to itself first (RTLD_DEEPBIND) is harmless', async (t) => {
  const { main } = await unchanged(t, [
    await build('loader.c'),
    'deep-bind',
    '1000',
    await plugin('deep', 20_002),
  ]);
  // It finds the C library's malloc before the preloaded one: what it allocates is not seen, but freed by one that sees.
  t.is(main.capture.lost, 0);
});

test('libraries in namespaces of their own (dlmopen), with another C library', async (t) => {
  const library = await plugin('elsewhere', 30_003);
  const { main } = await unchanged(t, [await build('loader.c'), 'other-namespace', '5', library]);
  const ours = main.sites.filter(({ totalBytes, totalBlocks }) => totalBytes === totalBlocks * 77);
  t.is(
    ours.reduce((sum, { totalBlocks }) => sum + totalBlocks, 0),
    500,
  );
});

test('a binary that is replaced while it runs is reported without wrong names', async (t) => {
  const copy = join(newFolder(), 'replaced');
  copyFileSync(await build('loader.c'), copy);
  const { main, code, stdout } = await trace([copy, 'replace-binary', '1000']);
  t.is(code, 0);
  t.is(stdout, 'replace-binary done\n');
  t.is(readFileSync(copy, 'utf8'), 'not a program at all');
  const [site] = main.sites.filter(({ totalBlocks }) => totalBlocks === 1000);
  t.is(site?.totalBytes, 50_000);
});

test('the user’s own preloads stay, in their order', async (t) => {
  const first = await plugin('first', 1);
  const second = await plugin('second', 2);
  const { stdout } = await trace(['sh', '-c', 'echo $LD_PRELOAD'], {
    env: { LD_PRELOAD: `${first} ${second}` },
  });
  const [shim, ...others] = stdout.trim().split(':');
  t.regex(shim ?? '', /libmemtrace\.so$/);
  t.deepEqual(others, [first, second]);
});

test('memtrace run inside memtrace run: the inner program is traced by the inner one', async (t) => {
  const folder = newFolder();
  const inner = [MEMTRACE, 'run', '-q', '-o', join(folder, 'inner.json'), '--', await build('loader.c')];
  const outer = [MEMTRACE, 'run', '-q', '-o', join(folder, 'outer.json'), '--', ...inner];
  const library = await plugin('nested', 40_004);
  const { code, stdout, stderr } = await run([...outer, 'deep-bind', '10', library]);
  t.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'deep-bind done\n', stderr: '' });
  const snapshot = JSON.parse(readFileSync(join(folder, 'inner.json'), 'utf8'));
  t.regex(snapshot.process.executable, /loader$/);
  t.true(snapshot.capture.allocations > 0);
});

const reloaded = (name: string, ...flags: readonly string[]): Promise<string> =>
  build('reload.c', `lib${name}${flags.length}.so`, '-shared', '-fPIC', `-DPLUGIN=${name}`, ...flags);

test('a plugin that is loaded thousands of times leaves room for the names of those that come later', async (t) => {
  const { main } = await trace([
    await build('reload.c'),
    await reloaded('first'),
    '4200',
    await reloaded('last'),
  ]);
  const stacks = stacksOf(main, ({ totalBytes, totalBlocks }) => totalBytes === 1000 * totalBlocks);
  t.deepEqual(
    stacks.map(([innermost]) => innermost),
    ['last'],
  );
  t.deepEqual(
    (main.notes ?? []).filter((note) => note.includes('table of libraries')),
    [],
  );
});

test('where it cannot be told that it is the same plugin again, a note says what has no names', async (t) => {
  const first = await reloaded('first', '-Wl,--build-id=none');
  const { main } = await trace([await build('reload.c'), first, '4200', await reloaded('last')]);
  t.regex((main.notes ?? []).join('\n'), /table of libraries was full/);
});
