/** Whatever kills the symbolizer costs names at most: lookups answer, the daemon lives, the user is told. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openSymbolizer, type Symbolizer } from '../../daemon/symbols/symbolizer.js';
import { ROOT } from '../places.js';
import { childrenOf, commandOf, isRunning, sessionOf } from '../processes.js';
import { until } from '../until.js';
import { randomFrom } from '../views/build.js';
import { build, callSites, functionAddresses, moduleRef, namesAt, run, temporaryFolder } from './support.js';

const real = join(ROOT, 'build/memtrace-symbolizer');

const open = (t: ExecutionContext, binary = real, env = process.env): Symbolizer => {
  const symbolizer = openSymbolizer({ binary, env });
  t.teardown(() => symbolizer.close());
  return symbolizer;
};

/** A stand-in for the symbolizer: a shell script after its greeting. */
const script = (t: ExecutionContext, body: string): string => {
  const path = join(temporaryFolder(t), 'symbolizer');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
};
const greeting = 'echo "memtrace-symbolizer 1"';

/** The symbolizers that a process has started. */
const symbolizersOf = (pid: number): readonly number[] =>
  childrenOf(pid).filter((child) => commandOf(child)[0]?.endsWith('memtrace-symbolizer'));

test.serial('a symbolizer killed in the middle of lookups loses no name', async (t) => {
  const program = build(temporaryFolder(t), 'deep.cpp', '-O2');
  const [module, addresses] = [moduleRef(program), callSites(program, 3000)];
  const expected = await open(t).lookup(module, addresses);
  const before = new Set(symbolizersOf(process.pid));
  const symbolizer = open(t);
  const answers = symbolizer.lookup(module, addresses);
  const child = await until(() => symbolizersOf(process.pid).find((pid) => !before.has(pid)));
  process.kill(child, 'SIGKILL');
  t.deepEqual(await answers, expected);
  t.deepEqual(symbolizer.problems(), []);
});

test('a symbolizer that dies over a question is asked again', async (t) => {
  const folder = temporaryFolder(t);
  const program = build(folder, 'plain.c');
  const mark = join(folder, 'died');
  const dyingOnce = `if [ -e ${mark} ]; then exec ${real}; fi; touch ${mark}; ${greeting}; read line; kill -9 $$`;
  const symbolizer = open(t, script(t, dyingOnce));
  const address = functionAddresses(program).get('main') ?? 0;
  t.deepEqual(await namesAt(symbolizer, moduleRef(program), [address]), ['main']);
  t.true(existsSync(mark));
  t.deepEqual(symbolizer.problems(), []);
});

test('a file that kills the symbolizer twice is given up and named; others keep their names', async (t) => {
  const starts = join(temporaryFolder(t), 'starts');
  const dyingOverFirst = `echo start >> ${starts}; ${greeting}
    while read -r kind number addresses; do
      [ "$kind" = L ] || continue
      [ "$number" = 0 ] && kill -SEGV $$
      echo "M $number lines "; echo "S good"; for a in $addresses; do echo "F 1 0 0"; done; echo E
    done`;
  const symbolizer = open(t, script(t, dyingOverFirst));
  const bad = { path: '/bad/module.so', buildId: 'aa00', pid: null };
  const good = { path: '/good/module.so', buildId: 'bb00', pid: null };
  const many = Array.from({ length: 1000 }, (_, address) => address);
  const [none, [one]] = await Promise.all([symbolizer.lookup(bad, many), symbolizer.lookup(good, [1])]);
  t.deepEqual(none.flat(), []);
  t.is(one?.[0]?.function, 'good');
  t.is(readFileSync(starts, 'utf8').split('\n').length - 1, 3, 'starts');
  t.deepEqual(
    symbolizer.problems().map(({ path }) => path),
    ['/bad/module.so'],
  );
  t.regex(symbolizer.problems()[0]?.problem ?? '', /SIGSEGV/);
});

test('a library cut off while its names are read costs only its own names', async (t) => {
  const folder = temporaryFolder(t);
  const program = build(folder, 'deep.cpp', '-O2');
  const other = build(folder, 'plain.c');
  const victim = join(folder, 'victim');
  copyFileSync(program, victim);
  const addresses = callSites(program, 1000);
  const module = moduleRef(victim);
  const symbolizer = open(t);
  await symbolizer.lookup(module, addresses.slice(0, 1));
  truncateSync(victim, 4096);
  const answers = await symbolizer.lookup(module, addresses.slice(1));
  t.is(answers.length, addresses.length - 1);
  const main = functionAddresses(other).get('main') ?? 0;
  t.deepEqual(await namesAt(symbolizer, moduleRef(other), [main]), ['main']);
});

test('a truncated file has no names, and the user is told', async (t) => {
  const folder = temporaryFolder(t);
  const program = build(folder, 'plain.c');
  const symbolizer = open(t);
  for (const size of [0, 10, 100, 2000, 9000]) {
    const cut = join(folder, `cut${size}`);
    copyFileSync(program, cut);
    truncateSync(cut, size);
    t.deepEqual(
      await namesAt(symbolizer, { path: cut, buildId: null, pid: null }, [0x1150]),
      [null],
      `${size} bytes`,
    );
    t.is(symbolizer.problems().at(-1)?.path, cut);
  }
});

test('damaged debug information never hurts the daemon or another module', async (t) => {
  const folder = temporaryFolder(t);
  const program = build(folder, 'deep.cpp', '-O2');
  const good = build(folder, 'plain.c');
  const sections = [...run('readelf', '-SW', program).matchAll(/ (\.debug_\S+) +\S+ +\S+ (\S+) (\S+)/g)].map(
    ([, name, offset = '0', size = '0']) => ({
      name,
      offset: Number.parseInt(offset, 16),
      size: Number.parseInt(size, 16),
    }),
  );
  t.true(sections.length > 4);
  const addresses = callSites(program, 300);
  const content = readFileSync(program);
  const { below } = randomFrom(20260101);
  const symbolizer = open(t);
  for (let round = 0; round < 40; round++) {
    const damaged = Buffer.from(content);
    for (let i = 0; i < 200; i++) {
      const section = sections[below(sections.length)];
      if (section) damaged[section.offset + below(section.size)] = below(256);
    }
    const path = join(folder, `damaged${round}`);
    writeFileSync(path, damaged);
    const answers = await symbolizer.lookup({ path, buildId: null, pid: null }, addresses);
    t.is(answers.length, addresses.length);
  }
  t.log(`${symbolizer.problems().length} of 40 damaged files given up`);
  const main = functionAddresses(good).get('main') ?? 0;
  t.deepEqual(await namesAt(symbolizer, moduleRef(good), [main]), ['main']);
});

test('without the symbolizer or its libraries there are no names, and the user learns what to install', async (t) => {
  const module = { path: '/bin/sh', buildId: null, pid: null };
  const missing = open(t, '/nonexistent/memtrace-symbolizer');
  t.deepEqual(await missing.lookup(module, [0x5000]), [[]]);
  t.like(missing.problems(), [{ remedy: 'apt-get install libdw1 libelf1' }]);
  const unlinked = open(
    t,
    script(
      t,
      'echo "error while loading shared libraries: libdw.so.1: cannot open shared object file" >&2; exit 127',
    ),
  );
  t.deepEqual(await unlinked.lookup(module, [0x5000]), [[]]);
  t.regex(unlinked.problems()[0]?.problem ?? '', /libdw\.so\.1/);
});

test.serial('^C in the terminal does not reach the symbolizer', async (t) => {
  const before = new Set(symbolizersOf(process.pid));
  const symbolizer = open(t);
  await symbolizer.lookup({ path: '[vdso]', buildId: null, pid: null }, [0]);
  const [child, ...others] = symbolizersOf(process.pid).filter((pid) => !before.has(pid));
  t.true(child !== undefined && others.length === 0);
  t.is(sessionOf(child), child);
});

const clientModule = new URL('../../daemon/symbols/symbolizer.js', import.meta.url).href;
const lookupThen = (then: string): string => `
  import { openSymbolizer } from ${JSON.stringify(clientModule)};
  const symbolizer = openSymbolizer();
  await symbolizer.lookup({ path: '[vdso]', buildId: null, pid: null }, [0]);
  ${then}`;

test('the symbolizer does not outlive a daemon killed with -9', async (t) => {
  const daemon = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    lookupThen('console.log(1); setInterval(() => {}, 1e6);'),
  ]);
  await new Promise((resolve) => daemon.stdout.once('data', resolve));
  const [child] = symbolizersOf(daemon.pid ?? 0);
  t.true(isRunning(child));
  daemon.kill('SIGKILL');
  await until(() => !isRunning(child));
});

test('an idle symbolizer does not keep the daemon from ending', (t) => {
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', lookupThen('')], {
    timeout: 60_000,
  });
  t.is(status, 0);
});

test('looking for debug information never asks the network', async (t) => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const port = address && typeof address === 'object' ? address.port : 0;
  const program = build(temporaryFolder(t), 'plain.c');
  run('strip', program);
  const symbolizer = open(t, real, { ...process.env, DEBUGINFOD_URLS: `http://127.0.0.1:${port}` });
  await symbolizer.lookup(moduleRef(program), [0x1150]);
  t.is(connections, 0);
});

test('after close lookups answer without names', async (t) => {
  const symbolizer = openSymbolizer();
  const underWay = symbolizer.lookup(moduleRef('/bin/sh'), [0x5000]);
  await symbolizer.close();
  t.deepEqual(await underWay, [[]]);
  t.deepEqual(await symbolizer.lookup(moduleRef('/bin/sh'), [0x5001]), [[]]);
});
