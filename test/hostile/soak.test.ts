/** Events without end through one session, in bounded memory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { newFolder } from '../folders.js';
import { start } from '../launcher/support.js';
import { MEMTRACE } from '../places.js';
import { SLOW } from '../where.js';
import { build } from './support.js';
import { inMiB, most, watch } from './watch.js';

const MILLIONS = SLOW ? 1000 : 20;
const EVERY_MS = SLOW ? 10_000 : 500;
const DAEMON_MOST = 300 << 20;
const SHARED_MOST = 16 << 20;

test(`${2 * MILLIONS} million events: exact at the end, and the daemon’s memory stays what it was`, async (t) => {
  t.timeout(900_000);
  const runtime = newFolder();
  const out = join(runtime, 't.json');
  const launcher = start(
    MEMTRACE,
    ['run', '-q', '-o', out, '--', await build('soak.c', 'soak', '-O2'), String(MILLIONS)],
    { env: { ...process.env, XDG_RUNTIME_DIR: runtime }, limitMs: 900_000 },
  );
  const watching = watch(runtime, EVERY_MS);
  const { code, stdout } = await launcher.outcome;
  const samples = watching.stop();
  t.is(code, 0);
  const [allocations = 0, frees = 0, bytes = 0] = stdout.trim().split(' ').map(Number);
  const { capture, sites } = JSON.parse(readFileSync(out, 'utf8'));
  const own = sites.filter((site: { totalBlocks: number }) => site.totalBlocks > 1);
  const sum = (field: string): number =>
    own.reduce((all: number, site: Record<string, number>) => all + (site[field] ?? 0), 0);
  t.is(sum('totalBlocks'), allocations);
  t.is(sum('totalBytes'), bytes);
  t.is(sum('totalBlocks') - sum('liveBlocks'), frees);
  t.is(capture.lost + capture.unknownFrees, 0);
  t.true(samples.length > 0);
  t.true(most(samples, 'daemonBytes') < DAEMON_MOST, `${most(samples, 'daemonBytes')}`);
  t.true(most(samples, 'sharedBytes') < SHARED_MOST, `${most(samples, 'sharedBytes')}`);
  t.log(`daemon MiB: ${inMiB(samples, 'daemonBytes')}`);
  t.log(`shared MiB: ${inMiB(samples, 'sharedBytes')}`);
});
