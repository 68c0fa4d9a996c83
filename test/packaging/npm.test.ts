/** The npm package, in folders that have nothing to do with the checkout: it traces the example, by npm and by pnpm. */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ROOT } from '../places.js';
import { attempt, run, temporaryFolder, tracesTheExample } from './support.js';

const pack = (folder: string): string => {
  run(ROOT, 'npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  return join(folder, tarball ?? 'none');
};

const installsByNpm = (folder: string, tarball: string): boolean =>
  attempt(
    folder,
    'npm',
    'install',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--fetch-retries=0',
    '--fetch-timeout=20000',
    tarball,
  ).status === 0;

/** Where no registry can be reached: what npm would have done, with the packages of the checkout. */
const installByHand = (t: ExecutionContext, folder: string, tarball: string): void => {
  t.log('no registry can be reached: the tarball is unpacked beside copies of the checkout’s packages');
  const home = join(folder, 'node_modules/memtrace');
  mkdirSync(home, { recursive: true });
  run(folder, 'tar', '-xzf', tarball, '-C', home, '--strip-components=1');
  const [, ...packages] = run(ROOT, 'npm', 'ls', '--omit=dev', '--all', '--parseable').trim().split('\n');
  for (const each of packages)
    cpSync(each, join(folder, relative(ROOT, each)), { recursive: true, force: false });
  run(folder, 'mkdir', '-p', 'node_modules/.bin');
  run(folder, 'ln', '-s', '../memtrace/bin/memtrace', 'node_modules/.bin/memtrace');
};

test('the npm package works in an empty folder, without install scripts and without a compiler', (t) => {
  const folder = temporaryFolder(t);
  const tarball = pack(folder);
  const project = join(folder, 'project');
  mkdirSync(project);
  run(project, 'sh', '-c', 'echo "{}" > package.json');
  if (!installsByNpm(project, tarball)) installByHand(t, project, tarball);
  tracesTheExample(t, project, 'npx', '--no-install', 'memtrace');
  const { status, stdout } = attempt(project, 'node_modules/.bin/memtrace', '--version');
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  t.deepEqual([status, stdout], [0, `memtrace ${version}\n`]);
});

test('koffi’s native part is found where pnpm puts it: beside koffi, out of memtrace’s sight', (t) => {
  const folder = temporaryFolder(t);
  const home = join(folder, 'node_modules/memtrace');
  mkdirSync(home, { recursive: true });
  run(folder, 'tar', '-xzf', pack(folder), '-C', home, '--strip-components=1');
  for (const name of ['koffi', '@koromix'])
    cpSync(join(ROOT, 'node_modules', name), join(folder, 'store', name), { recursive: true });
  symlinkSync('../store/koffi', join(folder, 'node_modules/koffi'));
  for (const name of ['blessed', 're2js', 'ws', 'yargs', 'yargs-parser'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  tracesTheExample(t, folder, join(home, 'bin/memtrace'));
});

test('the npm package holds what runs, and neither tests nor what they were built from', (t) => {
  const folder = temporaryFolder(t);
  const files = run(folder, 'tar', '-tzf', pack(folder)).trim().split('\n');
  const folders = new Set(files.map((file) => file.split('/').slice(1, -1).slice(0, 2).join('/')));
  t.deepEqual([...folders].filter((each) => !each.startsWith('docs')).toSorted(), [
    '',
    'bin',
    'build',
    'dist',
    'proto',
  ]);
  t.deepEqual(
    files.filter((file) => file.startsWith('package/build/')).toSorted(),
    ['libmemtrace-core.so', 'libmemtrace.so', 'memtrace-symbolizer'].map((name) => `package/build/${name}`),
  );
});
