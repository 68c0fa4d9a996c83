/** What Python makes for a function before its first line, where no other function called it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Snapshot } from '../../proto/snapshot.js';
import { run } from '../launcher/support.js';
import { MEMTRACE } from '../places.js';
import { inFolder, interpreters } from './support.js';

/** The variable of a closure lies in a cell of its own: an object that the function's first instruction makes. */
const SCRIPT = `import _thread, os
kept, done = [], _thread.allocate_lock()
def begins():
    variable = None
    kept.append(lambda: variable)
    done.release()
for _ in range(100):
    done.acquire()
    _thread.start_new_thread(begins, ())
done.acquire()
os._exit(0)`;

for (const { path, version, minor } of interpreters())
  test(`what a thread's first function in Python ${version} has before its first line is not said to be unrecorded`, async (t) => {
    await inFolder(async (folder) => {
      const file = join(folder, 'a.json');
      const { code } = await run(MEMTRACE, ['run', '-q', '-o', file, '--', path, '-c', SCRIPT]);
      t.is(code, 0);
      const { sites, stacks, frames, capture }: Snapshot = JSON.parse(readFileSync(file, 'utf8'));
      const liveIn = (name: string): number =>
        sites
          .filter(({ stack }) => frames[stacks[stack].frame].function === name)
          .reduce((sum, { liveBlocks }) => sum + liveBlocks, 0);
      t.is(capture.truncatedStacks, 0);
      t.is(liveIn('[stack not recorded]'), 0);
      if (minor >= 11) t.is(liveIn('[Python function that begins]'), 100);
    });
  });
