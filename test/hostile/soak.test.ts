/** Events without end through one session, in bounded memory. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { start } from '../launcher/support.js';
import { build, emptyFolder, MEMTRACE, SLOW } from './support.js';

const MILLIONS = SLOW ? 1000 : 20;
const EVERY_MS = SLOW ? 10_000 : 500;
const RSS_MOST = 400 << 20;
const SEGMENT_MOST = 32 << 20;

const residentBytes = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;

test(`${2 * MILLIONS} million events: exact at the end, and the daemon’s memory stays what it was`, async (t) => {
  t.timeout(900_000);
  const runtime = emptyFolder();
  const out = join(runtime, 't.json');
  const launcher = start(
    MEMTRACE,
    ['run', '-q', '-o', out, '--', await build('soak.c', 'soak', '-O2'), String(MILLIONS)],
    { env: { ...process.env, XDG_RUNTIME_DIR: runtime } },
  );
  const samples: { daemon: number; segment: number }[] = [];
  const sample = (): void => {
    try {
      const [id] = readdirSync(join(runtime, 'memtrace'));
      const session = JSON.parse(readFileSync(join(runtime, 'memtrace', id ?? '', 'session.json'), 'utf8'));
      samples.push({
        daemon: residentBytes(session.daemonPid),
        segment: statSync(join(session.shmDirectory, 'segment.1')).blocks * 512,
      });
    } catch {
      // it has not begun, or is over
    }
  };
  const timer = setInterval(sample, EVERY_MS);
  const { code, stdout } = await launcher.outcome;
  clearInterval(timer);
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
  for (const { daemon, segment } of samples) {
    t.true(daemon < RSS_MOST, `${daemon}`);
    t.true(segment < SEGMENT_MOST, `${segment}`);
  }
  const mib = (values: readonly number[]): string => values.map((v) => Math.round(v / (1 << 20))).join(' ');
  t.log(`daemon MiB: ${mib(samples.map((s) => s.daemon))}`);
  t.log(`segment MiB: ${mib(samples.map((s) => s.segment))}`);
});
