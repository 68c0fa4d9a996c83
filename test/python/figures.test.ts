/** What is said of a Python program as a whole: its objects beside the heap, now, at their peak and over time. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Snapshot } from '../../proto/snapshot.js';
import { recordingOf } from '../../views/profile.js';
import { sumSites } from '../../views/sites.js';
import { run, start } from '../launcher/support.js';
import { MEMTRACE } from '../places.js';
import { interpreters } from './support.js';

/** Small enough for the interpreter's own allocator; half of them go again. */
const MADE = 200_000;
const SCRIPT = `import os, sys
kept = [bytes(20) for _ in range(${MADE})]
size = sys.getsizeof(kept[0])
del kept[${MADE / 2}:]
print('end', os.getpid(), size, flush=True)
sys.stdin.readline()
os._exit(0)`;

/** What the interpreter and its modules have besides. */
const OTHERS = 4_000_000;

const [first] = interpreters();
if (first)
  test('the objects of a Python program are in its totals and its timeline, at their peak too', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'memtrace-figures-'));
    try {
      const program = start(MEMTRACE, ['run', '--no-output', '--', first.path, '-c', SCRIPT]);
      const [, pid, size] = await program.said(/^end (\d+) (\d+)$/m);
      const expected = (MADE / 2) * Number(size);
      const isAbout = (bytes: number, all: number) => bytes >= all && bytes < all + OTHERS;
      const dump = async (): Promise<Snapshot> => {
        const file = join(folder, 'a.json');
        const { code, stderr } = await run(MEMTRACE, ['dump', pid, '-o', file]);
        t.is(code, 0, stderr);
        return JSON.parse(readFileSync(file, 'utf8'));
      };
      const now = async (): Promise<Snapshot> => {
        const snapshot = await dump();
        return isAbout(snapshot.timeline.at(-1)?.pythonBytes ?? 0, expected) ? snapshot : now();
      };
      const snapshot = await now();
      program.process.stdin?.end('\n');
      t.is((await program.outcome).code, 0);
      const { python } = snapshot.totals;
      const sum = sumSites(recordingOf(snapshot).sites, 'python');
      const { liveBytes, liveBlocks, totalBytes, totalBlocks, peakBytes } = sum;
      t.deepEqual(python, { liveBytes, liveBlocks, totalBytes, totalBlocks, peakBytes });
      t.is(new Set(snapshot.sites.map(({ stack, kind }) => `${stack} ${kind}`)).size, snapshot.sites.length);
      t.true(isAbout(liveBytes, expected));
      t.true(isAbout(peakBytes, 2 * expected));
      t.true(snapshot.timeline.every(({ pythonBytes = 0 }) => pythonBytes <= peakBytes));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

/** Two children; the one with the smaller heap has the objects. */
const WORKERS = `import os
for child in range(2):
    if os.fork() == 0:
        kept = bytearray(2_000_000) if child else [bytes(20) for _ in range(${MADE})]
        os._exit(0)
    os.wait()`;

if (first)
  test('a worker that holds Python objects is not shown as a small one, nor is its snapshot left out', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'memtrace-figures-'));
    try {
      const words = ['run', '-o', 'a.json', '--children', '1', '--', first.path, '-c', WORKERS];
      const { code, stderr } = await run(MEMTRACE, words, { cwd: folder });
      t.is(code, 0, stderr);
      const [, peak, live, saved] =
        /Python peak ([\d.]+) MiB, Python live ([\d.]+) MiB, (a\.\d+\.json)/.exec(stderr) ?? [];
      t.true(Number(peak) > 9 && Number(live) > 9, stderr);
      const worker: Snapshot = JSON.parse(readFileSync(join(folder, saved ?? ''), 'utf8'));
      t.true((worker.totals.python?.totalBlocks ?? 0) > MADE);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
