/** Interpreters that come and go, and what the shim believes of their memory. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { Snapshot } from '../../proto/snapshot.js';
import { groupSites } from '../../views/group.js';
import { recordingOf } from '../../views/profile.js';
import { run } from '../launcher/support.js';
import { MEMTRACE, program, ROOT } from '../places.js';
import { where } from '../where.js';
import { havingFile, headersOf, inFolder, interpreters, libraryOf, prefixOf, scriptPath } from './support.js';

const found = interpreters();

const readJson = (file: string): Snapshot => JSON.parse(readFileSync(file, 'utf8'));
const pythonBytes = (snapshot: Snapshot, file: string): number =>
  groupSites(recordingOf(snapshot), 'line', 'python').reduce(
    (sum, row) => sum + (row.file === file ? row.totalBytes : 0),
    0,
  );

for (const each of found)
  where(havingFile(join(headersOf(each), 'Python.h'))).serial(
    `the layout that frames of Python ${each.version} are read by is that of its headers`,
    async (t) => {
      await inFolder((folder) => {
        const program = join(folder, 'layout');
        execFileSync('cc', ['-I', headersOf(each), '-I', ROOT, scriptPath('layout.c'), '-o', program]);
        t.notThrows(() => execFileSync(program));
      });
    },
  );

const SCRIPT = `def f(n):
    return [str(i) * 2 for i in range(n)]
x = f(20000)`;

for (const each of found)
  where(havingFile(libraryOf(each))).serial(
    `a host that loads and unloads Python ${each.version} twice runs on, and its scripts have lines`,
    async (t) => {
      await inFolder(async (folder) => {
        const file = join(folder, 'a.json');
        const { code, stdout, stderr } = await run(
          MEMTRACE,
          ['run', '-o', file, '--', program('embed'), libraryOf(each), SCRIPT, '2'],
          { env: { ...process.env, PYTHONHOME: prefixOf(each) } },
        );
        t.is(code, 0, stderr);
        t.is(stdout, 'done\n');
        t.true(pythonBytes(readJson(file), '<string>') > 2_000_000);
      });
    },
  );

for (const each of found)
  where(havingFile(join(headersOf(each), 'Python.h')), havingFile(libraryOf(each))).serial(
    `a program that has types of Python ${each.version} copied into it has functions and lines in its scripts`,
    async (t) => {
      await inFolder(async (folder) => {
        const [file, program] = [join(folder, 'a.json'), join(folder, 'copied')];
        const library = ['-fno-pie', '-no-pie', libraryOf(each), `-Wl,-rpath,${dirname(libraryOf(each))}`];
        const flags = ['-I', headersOf(each), ...library];
        execFileSync('cc', [scriptPath('copied.c'), ...flags, '-o', program]);
        const { code, stdout, stderr } = await run(MEMTRACE, ['run', '-o', file, '--', program, SCRIPT], {
          env: { ...process.env, PYTHONHOME: prefixOf(each) },
        });
        t.deepEqual([code, stdout], [0, 'done\n'], stderr);
        t.true(pythonBytes(readJson(file), '<string>') > 1_000_000);
      });
    },
  );

const FORKS = `import os
def work():
    return [str(i) for i in range(30000)]
if os.fork() == 0:
    work()
    os._exit(0)
os.wait()`;

const first = found[0];
if (first)
  test.serial('a forked child of Python has its own lines', async (t) => {
    await inFolder(async (folder) => {
      const { code, stderr } = await run(MEMTRACE, ['run', '-o', 'a.json', '--', first.path, '-c', FORKS], {
        cwd: folder,
      });
      t.is(code, 0, stderr);
      const child = readdirSync(folder).find((name) => /^a\.\d+\.json$/.test(name)) ?? '';
      const snapshot = readJson(join(folder, child));
      t.true(pythonBytes(snapshot, '<string>') > 1_000_000);
      t.false(readJson(join(folder, 'a.json')).frames.some(({ function: name }) => name?.startsWith('work')));
    });
  });

if (first)
  test.serial(
    'the heap of a Python program has as many allocations as an independent counter sees',
    async (t) => {
      await inFolder(async (folder) => {
        const counts = join(folder, 'counts');
        const file = join(folder, 'a.json');
        await run(MEMTRACE, ['run', '-o', file, '--', first.path, scriptPath('totals.py'), 'tracemalloc'], {
          env: { ...process.env, LD_PRELOAD: program('libcount.so'), COUNT_OUT: counts },
        });
        const line =
          readFileSync(counts, 'utf8')
            .split('\n')
            .find((text) => text.startsWith('python')) ?? '';
        const count = (what: string) => Number(new RegExp(` ${what}=(\\d+)`).exec(line)?.[1]);
        const calls = ['malloc', 'calloc', 'realloc0', 'realloc', 'aligned'].map(count);
        t.is(
          readJson(file).capture.allocations,
          calls.reduce((sum, each) => sum + each, 0),
        );
      });
    },
  );
