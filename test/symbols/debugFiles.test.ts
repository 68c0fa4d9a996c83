/** Stripped programs, separate debug files, files that are replaced or deleted: right names or none, never wrong ones. */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openSymbolizer, type SymbolFrame, type Symbolizer } from '../../daemon/symbols/symbolizer.js';
import {
  build,
  callSites,
  debugFilePath,
  functionAddresses,
  moduleRef,
  namesAt,
  run,
  temporaryFolder,
} from './support.js';

const open = (t: ExecutionContext, env: NodeJS.ProcessEnv = {}): Symbolizer => {
  const symbolizer = openSymbolizer({ env: { ...process.env, ...env } });
  t.teardown(() => symbolizer.close());
  return symbolizer;
};

/** plain.c, built; and an address inside its static function hidden_helper. */
const plain = (t: ExecutionContext, ...flags: readonly string[]) => {
  const folder = temporaryFolder(t);
  const program = build(folder, 'plain.c', '-O2', ...flags);
  const helper = (functionAddresses(program).get('hidden_helper') ?? 0) + 12;
  const debugFile = join(folder, 'plain.debug');
  run('objcopy', '--only-keep-debug', program, debugFile);
  return { folder, program, helper, debugFile };
};

const at = async (
  symbolizer: Symbolizer,
  program: string,
  address: number,
): Promise<readonly SymbolFrame[]> => (await symbolizer.lookup(moduleRef(program), [address]))[0] ?? [];

const endsIn = (frames: readonly SymbolFrame[]): string => {
  const last = frames.at(-1);
  return `${last?.function} ${last?.file?.split('/').at(-1)} ${last?.line ? 'with line' : 'without line'}`;
};
const complete = 'hidden_helper plain.c with line';

test('a stripped program gets no name rather than its neighbour’s, and the user is told', async (t) => {
  const { program, helper } = plain(t);
  run('strip', program);
  const symbolizer = open(t);
  t.deepEqual(await at(symbolizer, program, helper), []);
  t.like(symbolizer.problems(), [{ path: program, problem: 'stripped: no names' }]);
});

test('a stripped program with exported functions does not give their names to the code behind them', async (t) => {
  const { program, helper } = plain(t, '-rdynamic');
  const visible = (functionAddresses(program).get('visible_step') ?? 0) + 4;
  run('strip', program);
  const symbolizer = open(t);
  t.deepEqual(await at(symbolizer, program, helper), []);
  t.is((await at(symbolizer, program, visible))[0]?.function, 'visible_step');
  t.like(symbolizer.problems(), [{ problem: 'stripped: only its exported functions have names' }]);
});

test('a program without -g has functions but no lines, and the user is told', async (t) => {
  const { program, helper } = plain(t, '-g0');
  const symbolizer = open(t);
  t.deepEqual(await at(symbolizer, program, helper), [
    { function: 'hidden_helper', file: null, line: null, inlined: false },
  ]);
  t.regex(symbolizer.problems()[0]?.problem ?? '', /no debug information/);
  t.regex(symbolizer.problems()[0]?.remedy ?? '', /-g/);
});

test('a debug file named by .gnu_debuglink is found beside the program', async (t) => {
  const { program, helper, debugFile } = plain(t);
  run('strip', program);
  run('objcopy', `--add-gnu-debuglink=${debugFile}`, program);
  t.is(endsIn(await at(open(t), program, helper)), complete);
});

test('a debug file named by .gnu_debuglink is found in the folder .debug', async (t) => {
  const { folder, program, helper, debugFile } = plain(t);
  run('strip', program);
  run('objcopy', `--add-gnu-debuglink=${debugFile}`, program);
  mkdirSync(join(folder, '.debug'));
  renameSync(debugFile, join(folder, '.debug', 'plain.debug'));
  const symbolizer = open(t);
  t.is(endsIn(await at(symbolizer, program, helper)), complete);
  t.deepEqual(symbolizer.problems(), []);
});

test('a debug file filed under its build-id is found in the folders of MEMTRACE_DEBUG_DIRS', async (t) => {
  const { folder, program, helper, debugFile } = plain(t);
  const module = moduleRef(program);
  run('strip', program);
  renameSync(debugFile, debugFilePath(folder, module.buildId ?? ''));
  t.is(endsIn(await at(open(t, { MEMTRACE_DEBUG_DIRS: folder }), program, helper)), complete);
});

test('a debug file of another build is not believed', async (t) => {
  const { program, helper, debugFile } = plain(t);
  run('strip', program);
  run('objcopy', `--add-gnu-debuglink=${debugFile}`, program);
  copyFileSync(build(temporaryFolder(t), 'plain.c', '-O0'), debugFile);
  t.deepEqual(await at(open(t), program, helper), []);
});

test('a program deleted while it is traced keeps its names', async (t) => {
  const { program, helper } = plain(t);
  const module = moduleRef(program);
  const symbolizer = open(t);
  symbolizer.hold(module);
  rmSync(program);
  t.deepEqual(await namesAt(symbolizer, module, [helper]), ['hidden_helper']);
});

test('a program rebuilt while it is traced keeps the names of the running build', async (t) => {
  const { program, helper } = plain(t);
  const module = moduleRef(program);
  const symbolizer = open(t);
  symbolizer.hold(module);
  renameSync(build(temporaryFolder(t), 'plain.c', '-O0'), program);
  t.deepEqual(await namesAt(symbolizer, module, [helper]), ['hidden_helper']);
  t.deepEqual(symbolizer.problems(), []);
});

test('a library overwritten in place gets no names from the new content, and the user is told', async (t) => {
  const { program, helper } = plain(t);
  const module = moduleRef(program);
  const symbolizer = open(t);
  symbolizer.hold(module);
  copyFileSync(build(temporaryFolder(t), 'plain.c', '-O0'), program);
  t.deepEqual(await symbolizer.lookup(module, [helper]), [[]]);
  t.regex(symbolizer.problems()[0]?.problem ?? '', new RegExp(`replaced.*${module.buildId}`));
});

test('a program replaced before the daemon saw it gets its names from its debug file', async (t) => {
  const { folder, program, helper, debugFile } = plain(t);
  const module = moduleRef(program);
  renameSync(debugFile, debugFilePath(folder, module.buildId ?? ''));
  copyFileSync(build(temporaryFolder(t), 'plain.c', '-O0'), program);
  const symbolizer = open(t, { MEMTRACE_DEBUG_DIRS: folder });
  symbolizer.hold(module);
  const [frames = []] = await symbolizer.lookup(module, [helper]);
  t.is(endsIn(frames), complete);
  t.deepEqual(symbolizer.problems(), []);
});

test('a program replaced before the daemon saw it, without debug file, gets no names, and the user is told', async (t) => {
  const { program, helper } = plain(t);
  const module = moduleRef(program);
  copyFileSync(build(temporaryFolder(t), 'plain.c', '-O0'), program);
  const symbolizer = open(t);
  symbolizer.hold(module);
  t.deepEqual(await symbolizer.lookup(module, [helper]), [[]]);
  t.regex(symbolizer.problems()[0]?.problem ?? '', /replaced after the program loaded it/);
});

test('a program deleted before the daemon saw it is read through the running process', async (t) => {
  const { program, helper } = plain(t);
  const waiting = spawn(program, ['wait', 'here'], { stdio: ['pipe', 'ignore', 'ignore'] });
  t.teardown(() => waiting.kill('SIGKILL'));
  await new Promise((resolve) => waiting.once('spawn', resolve));
  const module = moduleRef(program, waiting.pid ?? null);
  rmSync(program);
  const symbolizer = open(t);
  symbolizer.hold(module);
  waiting.kill('SIGKILL');
  t.deepEqual(await namesAt(symbolizer, module, [helper]), ['hidden_helper']);
});

test('two builds without build-ids at the same path do not share names', async (t) => {
  const { program, helper } = plain(t, '-Wl,--build-id=none');
  const symbolizer = open(t);
  const first = { path: program, buildId: null, pid: process.pid };
  const second = { ...first, pid: null };
  t.deepEqual(await namesAt(symbolizer, first, [helper]), ['hidden_helper']);
  rmSync(program);
  writeFileSync(program, 'not a program');
  t.deepEqual(await namesAt(symbolizer, second, [helper]), [null]);
  t.deepEqual(await namesAt(symbolizer, first, [helper]), ['hidden_helper']);
});

test('a program with split debug information (.dwo) has the same names and lines', async (t) => {
  const folder = temporaryFolder(t);
  const whole = build(folder, 'deep.cpp', '-O2', '-gdwarf-5');
  const split = build(folder, 'deep.cpp', '-O2', '-gsplit-dwarf');
  const addresses = callSites(whole, 500);
  const symbolizer = open(t);
  const expected = await symbolizer.lookup(moduleRef(whole), addresses);
  t.deepEqual(await symbolizer.lookup(moduleRef(split), addresses), expected);
});

test('debug information that this libdw cannot decompress is named as the reason, not called missing', async (t) => {
  const { program, helper } = plain(t);
  run('objcopy', '--compress-debug-sections=zstd', program);
  const symbolizer = open(t);
  const [frame] = await at(symbolizer, program, helper);
  t.is(frame?.function, 'hidden_helper');
  // libdw 0.189 and later can read it.
  if (frame.line === null) t.regex(symbolizer.problems()[0]?.remedy ?? '', /zstd/);
});

test('modules closed to save memory are opened again with the same answers', async (t) => {
  const folder = temporaryFolder(t);
  const modules = [
    moduleRef(build(folder, 'deep.cpp', '-O2')),
    moduleRef(build(folder, 'deep.cpp', '-O2', '-gsplit-dwarf')),
    moduleRef(build(folder, 'plain.c')),
  ];
  const rounds = modules.map((module) => [module, callSites(module.path, 300)] as const);
  const roomy = open(t);
  const tight = open(t, { MEMTRACE_SYMBOLIZER_MIB: '1' });
  for (let i = 0; i < 300; i += 100)
    for (const [module, addresses] of rounds) {
      const some = addresses.slice(i, i + 100);
      t.deepEqual(await tight.lookup(module, some), await roomy.lookup(module, some));
    }
});

test('code of the kernel’s vdso has names', async (t) => {
  const symbolizer = open(t);
  const module = { path: '[vdso]', buildId: null, pid: null };
  const addresses = Array.from({ length: 512 }, (_, i) => i * 16);
  const names = new Set(await namesAt(symbolizer, module, addresses));
  t.true(names.has('__vdso_gettimeofday') || names.has('__vdso_clock_gettime'), [...names].join(' '));
  t.deepEqual(symbolizer.problems(), []);
});
