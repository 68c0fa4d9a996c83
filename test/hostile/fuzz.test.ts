/** A short run of each fuzz target: what it finds in seconds must not come back. `make fuzz` goes on for longer. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { newFolder } from '../folders.js';
import { ROOT } from '../places.js';
import { SLOW } from '../where.js';
import { run } from './support.js';

const SECONDS = SLOW ? 120 : 5;

for (const target of ['segment', 'unwind'])
  test(`${target}: adversarial memory is survived, under the sanitizers`, async (t) => {
    execFileSync('make', ['-s', `build/fuzz/${target}`], { cwd: ROOT, stdio: 'pipe' });
    const found = join(newFolder(), 'found');
    mkdirSync(found);
    const { code, stderr } = await run(
      [
        join(ROOT, 'build/fuzz', target),
        `-max_total_time=${SECONDS}`,
        '-print_final_stats=1',
        `-artifact_prefix=${found}/`,
        found,
        join(ROOT, 'fuzz/corpus', target),
      ],
      { limitMs: (SECONDS + 60) * 1000 },
    );
    t.log(/number_of_executed_units: \d+/.exec(stderr)?.[0]);
    t.is(code, 0, stderr.slice(-4000));
  });
