/** Reading snapshots: the reader and the schema take and refuse the same files, and say why. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import test from 'ava';
import { wholeText } from '../../daemon/snapshot/text.js';
import { writeSnapshot } from '../../daemon/snapshot/write.js';
import { annotate } from '../../views/annotate.js';
import { blockList } from '../../views/blocks.js';
import { checkSnapshot } from '../../views/check.js';
import { diffSnapshots } from '../../views/diff.js';
import { errorLines, MemtraceError } from '../../views/error.js';
import { stacksOf } from '../../views/profile.js';
import { parseSnapshot, readSnapshot } from '../../views/read.js';
import { reportOf } from '../../views/report.js';
import { sitesOf } from '../../views/sites.js';
import { newFolder } from '../folders.js';
import { faultBy } from '../schemas.js';
import { randomFrom, randomSnapshot } from './build.js';

const BEFORE = 'test/fixtures/snapshots/before.json';
const AFTER = 'test/fixtures/snapshots/after.json';
const text = readFileSync(BEFORE, 'utf8');

const folder = newFolder();

const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const refusal = (read: () => unknown): MemtraceError => {
  try {
    read();
  } catch (error) {
    if (error instanceof MemtraceError) return error;
    throw error;
  }
  throw new Error('was not refused');
};

test('a snapshot reads the same plain and compressed, whatever its name', (t) => {
  t.deepEqual(readSnapshot(file('a.json', gzipSync(text))), readSnapshot(BEFORE));
  t.deepEqual(readSnapshot(file('b.gz', text)), readSnapshot(BEFORE));
  t.deepEqual(readSnapshot(file('marked.json', `\uFEFF${text}`)), readSnapshot(BEFORE));
});

test('a file that cannot be opened says why and what to do', (t) => {
  t.regex(refusal(() => readSnapshot(join(folder, 'none.json'))).why, /no such file/);
  t.regex(refusal(() => readSnapshot(folder)).why, /folder/);
  t.regex(refusal(() => readSnapshot('/dev/zero')).why, /device/);
  const odd = errorLines(refusal(() => readSnapshot('\u001b]0;title\u0007.json')));
  t.is(odd[0], 'memtrace: cannot read \\x1b]0;title\\x07.json');
  t.is(refusal(() => readSnapshot(folder)).exitCode, 1);
  t.is(errorLines(refusal(() => readSnapshot(folder))).length, 3);
});

test('a file cut short anywhere is said to be cut short', (t) => {
  const { below } = randomFrom(1);
  const whole = text.trimEnd();
  for (let round = 0; round < 50; round += 1) {
    const kept = whole.slice(0, 1 + below(whole.length - 1));
    t.regex(refusal(() => parseSnapshot(kept, 'x')).why, /cut short/, kept.slice(-40));
  }
  t.regex(refusal(() => parseSnapshot('', 'x')).why, /empty/);
  const packed = gzipSync(text);
  t.regex(refusal(() => readSnapshot(file('c.gz', packed.subarray(0, 300)))).why, /cut short/);
  packed[200] = (packed[200] ?? 0) ^ 0xff;
  t.regex(refusal(() => readSnapshot(file('d.gz', packed))).why, /damaged|cut short/);
});

test('a small file that unpacks to gigabytes is called too large, not damaged', (t) => {
  const part = gzipSync(Buffer.alloc(64 << 20), { level: 1 });
  const bomb = Buffer.concat(Array.from({ length: 9 }, () => part));
  t.regex(refusal(() => readSnapshot(file('bomb.gz', bomb))).why, /larger than this reader takes in/);
});

test('what is no snapshot is refused by what it is', (t) => {
  const why = (content: string) => refusal(() => parseSnapshot(content, 'x')).why;
  t.regex(why('hello'), /not JSON/);
  t.regex(why('[1, 2'), /not JSON/);
  t.regex(why('{"a": 1}'), /not a memtrace snapshot/);
  t.regex(why('[]'), /not a memtrace snapshot/);
  t.regex(why('{"schema": "memtrace.diff/1"}'), /is a memtrace.diff\/1/);
  t.regex(why(text.replace('snapshot/1', 'snapshot/2')), /another version/);
  const nested = '['.repeat(100_000) + ']'.repeat(100_000);
  t.regex(
    why(`{"schema":"memtrace.snapshot/1","process":${nested}}`),
    /process is not an object, but a list/,
  );
});

test('a field that an editor broke is named', (t) => {
  const broken = (from: string | RegExp, to: string) =>
    refusal(() => parseSnapshot(text.replace(from, to), 'x')).why;
  t.regex(broken('"pid": 4242', '"pid": "4242"'), /process\.pid is not a count, but "4242"/);
  t.regex(broken('"rssBytes": 12582912, ', ''), /totals\.rssBytes is missing/);
  t.regex(broken('{"stack": 6,', '{"stack": 999,'), /sites\[0\]\.stack is 999, but there are only 26 stacks/);
  t.regex(broken('"frame": 1}', '"frame": 99}'), /stacks\[1\]\.frame is 99, but there are only/);
  t.regex(
    broken('{"parent": 0, "frame": 1}', '{"parent": 1, "frame": 1}'),
    /stacks\[1\]\.parent is 1, but a parent/,
  );
  t.regex(broken('"module": 1', '"module": 7'), /frames\[1\]\.module is 7/);
  t.regex(broken('"kind": "mmap"', '"kind": "gpu"'), /sites\[4\]\.kind is not one of heap, mmap, python/);
});

test('fields of a later memtrace are ignored', (t) => {
  const later = JSON.stringify({ ...JSON.parse(text), invention: { of: 'tomorrow' } });
  t.notThrows(() => parseSnapshot(later, 'x'));
});

test('what memtrace writes is what its schemas say', (t) => {
  const before = readSnapshot(BEFORE);
  const after = readSnapshot(AFTER);
  const written = [before, after].map((each) => JSON.parse(wholeText(each)));
  for (const snapshot of [...written, randomSnapshot(3)]) t.is(faultBy('snapshot', snapshot), null);
  t.is(faultBy('blocks', blockList(before, { kind: 'all', limit: 2 })), null);
  const place = { file: '/proj/demo/src/server.cpp', function: null, kind: 'all', context: 1 } as const;
  const source = { text: new Map([[17, 'text']]), notes: [] };
  t.is(faultBy('annotation', annotate(before, source, { ...place, count: 'inclusive' })), null);
  for (const by of ['line', 'function', 'file', 'module', 'stack'] as const) {
    t.is(faultBy('diff', diffSnapshots(before, after, { by, metric: 'live', kind: 'all' })), null);
    t.is(faultBy('report', reportOf(before, { by, sort: 'live', kind: 'all' })), null);
  }
});

test('a snapshot is written as JSON.stringify would, of how many stacks and sites ever', (t) => {
  const { stacks: _, ...rest } = readSnapshot(AFTER);
  const integers = [-1, 0, 9, 10, 99, 100, 999_999, 1_000_000, 2 ** 31 - 1, -(2 ** 31)];
  const counts = [0, 1, 9, 10, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 999_999_999_999, 2 ** 53 - 1];
  const scatter = (i: number): number => Math.imul(i, 2_654_435_761) >>> (1 + (i % 31));
  for (const count of [0, 1, 2, 16_383, 16_384, 16_385, 70_000]) {
    const at = (i: number): number => integers[i % 17] ?? scatter(i);
    const of = (i: number): number => counts[i % 16] ?? scatter(i);
    const nodes = Array.from({ length: count }, (_, i) => ({ parent: at(i), frame: at(i + 5) }));
    const sites = Array.from({ length: count }, (_, i) => ({
      stack: at(i),
      kind: (['heap', 'mmap', 'python'] as const)[i % 3],
      liveBytes: of(i),
      liveBlocks: of(i + 1),
      totalBytes: of(i + 2),
      totalBlocks: of(i + 3),
      peakBytes: of(i + 4),
      peakBlocks: of(i + 5),
      temporaryBlocks: of(i + 6),
    }));
    const text = wholeText({ ...rest, stacks: stacksOf(nodes), sites: sitesOf(sites) });
    const { frames, sites: __, ...head } = rest;
    t.true(text === `${JSON.stringify({ ...head, frames, stacks: nodes, sites })}\n`, `${count} of each`);
  }
});

test('a large snapshot is the same packed', async (t) => {
  const { stacks: _, ...rest } = readSnapshot(AFTER);
  const nodes = Array.from({ length: 150_000 }, (_, i) => ({ parent: i - 1, frame: 1_000_000_000 + i }));
  const recording = { ...rest, stacks: stacksOf(nodes) };
  const path = join(folder, 'large.json.gz');
  await writeSnapshot(path, recording, { force: false });
  t.true(gunzipSync(readFileSync(path)).toString() === wholeText(recording));
});

test('a sum that no 64-bit number holds exactly is read as it was', (t) => {
  const { stacks: _, sites: __, ...rest } = readSnapshot(AFTER);
  const sums = [2 ** 53 - 1, 2 ** 53, 200 * 2 ** 46, 1.5 * 2 ** 60, 2 ** 63, 2 ** 64];
  const sites = sums.map((sum) => ({
    stack: 0,
    kind: 'mmap' as const,
    liveBytes: 0,
    liveBlocks: 0,
    totalBytes: sum,
    totalBlocks: 1,
    peakBytes: sum,
    peakBlocks: 1,
    temporaryBlocks: 0,
  }));
  const nodes = [{ parent: -1, frame: 0 }];
  const read = JSON.parse(wholeText({ ...rest, stacks: stacksOf(nodes), sites: sitesOf(sites) }));
  t.deepEqual(read.sites, sites);
});

test('the schema and the reader refuse the same files', (t) => {
  const { below } = randomFrom(5);
  const wrong = [null, -2, 1.5, 'text', [], {}, true];
  for (let round = 0; round < 400; round += 1) {
    const value: unknown = JSON.parse(text);
    breakOneField(value, below, wrong[below(wrong.length)]);
    const checked = checkSnapshot(value);
    // Ranges of references are beyond JSON Schema: where the reader refuses one of those, the schema cannot.
    if (!checked.ok && /there are only|a parent stands/.test(checked.fault)) continue;
    const fault = faultBy('snapshot', value);
    t.is(checked.ok, fault === null, checked.ok ? (fault ?? '') : checked.fault);
  }
});

/** Walks down a random way and replaces (or removes) what it ends at. */
const breakOneField = (value: unknown, below: (limit: number) => number, by: unknown): void => {
  if (typeof value !== 'object' || value === null) return;
  const names = Object.keys(value);
  const name = names[below(names.length)];
  if (name === undefined) return;
  const inner: unknown = Reflect.get(value, name);
  if (typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0)
    breakOneField(inner, below, by);
  else if (by === undefined) Reflect.deleteProperty(value, name);
  else Reflect.set(value, name, by);
};
