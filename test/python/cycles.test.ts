/** Programs that initialize an interpreter again after they finalized it: from 3.12 on it forgets its allocators. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { groupSites, type Row } from '../../views/group.js';
import { recordingOf } from '../../views/profile.js';
import { run } from '../launcher/support.js';
import { MEMTRACE, program } from '../places.js';
import { where } from '../where.js';
import { havingFile, type Interpreter, inFolder, interpreters, libraryOf, prefixOf } from './support.js';

const FUNCTIONS = 1000;
const BYTES_HEADER = 33;
/** Each function has a file and a line of its own; their code objects live at addresses of dead ones. */
const SCRIPT = `k = [None] * ${FUNCTIONS}
for j in range(${FUNCTIONS}):
    ns = {}
    exec(compile('\\n' * j + 'def f(k, j):\\n    k[j] = bytes(5000 + %d)\\n' % j, 'w%d.py' % j, 'exec'), ns)
    ns['f'](k, j)
    del ns
x = [str(i) * 2 for i in range(20000)]
`;

const found = interpreters();
const whereLibraryIs = (each: Interpreter) => where(havingFile(libraryOf(each))).serial;

interface Cycles {
  readonly heap: readonly Row[];
  readonly objectBytes: number;
  readonly notes: readonly string[];
}

const runCycles = (each: Interpreter, args: readonly string[], env = {}): Promise<Cycles> => {
  return inFolder(async (folder) => {
    const file = join(folder, 'a.json');
    const command = [program('cycles'), libraryOf(each), SCRIPT, ...args];
    const { code, stdout, stderr } = await run(MEMTRACE, ['run', '-o', file, '--', ...command], {
      env: { ...process.env, PYTHONHOME: prefixOf(each), ...env },
    });
    if (code !== 0 || stdout !== 'done\n') throw new Error(`exit code ${code}: ${stderr}`);
    const snapshot = JSON.parse(readFileSync(file, 'utf8'));
    const objects = groupSites(recordingOf(snapshot), 'line', 'python');
    return {
      heap: groupSites(recordingOf(snapshot), 'line', 'heap'),
      objectBytes: objects.reduce((sum, row) => sum + (row.file === '<string>' ? row.totalBytes : 0), 0),
      notes: snapshot.notes,
    };
  });
};

/** Functions whose block does not stand at its line, once for each time the script ran. */
const misplaced = (heap: readonly Row[], times: number): readonly number[] => {
  const bytes = new Map(heap.map(({ file, line, totalBytes }) => [`${file}:${line}`, totalBytes]));
  return Array.from({ length: FUNCTIONS }, (_, j) => j).filter(
    (j) => bytes.get(`w${j}.py:${j + 2}`) !== times * (5000 + BYTES_HEADER + j),
  );
};

for (const each of found) {
  whereLibraryIs(each)(
    `objects of Python ${each.version} are counted each time that it begins anew`,
    async (t) => {
      const [once, thrice] = await Promise.all([runCycles(each, ['1']), runCycles(each, ['3'])]);
      t.true(once.objectBytes > 1_000_000);
      t.true(Math.abs(thrice.objectBytes / once.objectBytes - 3) < 0.05);
      t.deepEqual(misplaced(thrice.heap, 3), []);
    },
  );

  whereLibraryIs(each)(`so they are under a debug allocator of Python ${each.version}`, async (t) => {
    const debug = { PYTHONMALLOC: 'pymalloc_debug' };
    const [once, thrice] = await Promise.all([runCycles(each, ['1'], debug), runCycles(each, ['3'], debug)]);
    t.true(once.objectBytes > 1_000_000);
    t.true(Math.abs(thrice.objectBytes / once.objectBytes - 3) < 0.05);
  });

  whereLibraryIs(each)(
    `and where a program sets allocators that it saved, of Python ${each.version}`,
    async (t) => {
      const [once, restored] = await Promise.all([runCycles(each, ['1']), runCycles(each, ['6', 'restore'])]);
      // The first run has what is made once in a process, such as a larger table of interned names.
      t.true(Math.abs(restored.objectBytes / once.objectBytes - 12) < 0.5);
      t.false(restored.notes.some((note) => note.includes('other allocators')));
    },
  );
}

/** Before 3.12 those that the program reads are memtrace's, which look to their context. */
for (const each of found.filter(({ minor }) => minor >= 12))
  whereLibraryIs(each)(
    `a program that changes the allocators of Python ${each.version} too often is named`,
    async (t) => {
      const [few, many] = await Promise.all([
        runCycles(each, ['3', 'change']),
        runCycles(each, ['5', 'change']),
      ]);
      t.true(Math.abs(many.objectBytes / few.objectBytes - 10 / 6) > 0.1);
      t.false(few.notes.some((note) => note.includes('other allocators')));
      t.true(many.notes.some((note) => note.includes('other allocators')));
    },
  );
