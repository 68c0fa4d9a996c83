/** Sites grouped by line, function, file, module and stack: whom a block is charged to, and that no byte gets lost. */
import test from 'ava';
import type { GroupBy, KindFilter } from '../../proto/snapshot.js';
import { createGroupTable, groupSites, groupStacks } from '../../views/group.js';
import { placeName } from '../../views/names.js';
import { topRows } from '../../views/order.js';
import { framesOf } from '../../views/profile.js';
import { addTo, emptySum, sumSites } from '../../views/sites.js';
import { randomRecording, type SiteText, snapshotOf } from './build.js';

const START = ['/home/me/app!+64', 'libc.so.6!__libc_start_main'];
const MAIN = '/home/me/app!main@main.c:10';

/** place → live bytes, and whether it is the user's code. */
const lines = (sites: readonly SiteText[]) =>
  Object.fromEntries(
    groupSites(snapshotOf(sites), 'line').map((row) => [placeName(row), [row.liveBytes, row.user]]),
  );

test('a block is blamed on the line that asked for it, not on malloc', (t) => {
  const stack = [...START, MAIN, '/home/me/app!make@make.c:7', 'libc.so.6!malloc'];
  t.deepEqual(lines([{ stack, bytes: 5 }]), { 'make.c:7': [5, true] });
});

test('strdup, getline and std::vector are blamed on the line that called them', (t) => {
  t.deepEqual(
    lines([
      { stack: [...START, MAIN, 'libc.so.6!strdup', 'libc.so.6!malloc'], bytes: 3 },
      {
        stack: [
          ...START,
          '/home/me/app!fill@fill.cpp:4',
          '/home/me/app!std::vector<int>::push_back(int&&)@/usr/include/c++/12/bits/stl_vector.h:1287',
          '/home/me/app!std::__new_allocator<int>::allocate(unsigned long)',
          'libstdc++.so.6!operator new(unsigned long)',
          'libc.so.6!malloc',
        ],
        bytes: 4,
      },
    ]),
    { 'main.c:10': [3, true], 'fill.cpp:4': [4, true] },
  );
});

test('what stdio and thread starts allocate is not charged to the line that printed or started a thread', (t) => {
  t.deepEqual(
    lines([
      {
        stack: [...START, MAIN, 'libc.so.6!puts', 'libc.so.6!_IO_file_doallocate', 'libc.so.6!malloc'],
        bytes: 1024,
      },
      {
        stack: [
          ...START,
          MAIN,
          'libc.so.6!pthread_create',
          'ld-linux-x86-64.so.2!_dl_allocate_tls',
          'ld-linux-x86-64.so.2!calloc',
        ],
        bytes: 272,
      },
    ]),
    { 'libc.so.6': [1024, false], 'ld-linux-x86-64.so.2': [272, false] },
  );
});

test('what the C library allocates before main is not charged to a stripped _start', (t) => {
  t.deepEqual(lines([{ stack: [...START, 'libc.so.6!init', 'libc.so.6!malloc'], bytes: 9 }]), {
    'libc.so.6': [9, false],
  });
});

test('a callback from the C library into the program is the program', (t) => {
  const stack = [...START, MAIN, 'libc.so.6!qsort', '/home/me/app!compare@sort.c:2', 'libc.so.6!malloc'];
  t.deepEqual(lines([{ stack, bytes: 1 }]), { 'sort.c:2': [1, true] });
});

test('a stripped program shows module and offset', (t) => {
  t.deepEqual(lines([{ stack: [...START, '/home/me/app!+4660', 'libc.so.6!malloc'], bytes: 1 }]), {
    'app+0x1234': [1, true],
  });
});

test('code outside every module does not hide the caller that is known', (t) => {
  t.deepEqual(lines([{ stack: [MAIN, '!+99', 'libc.so.6!malloc'], bytes: 1 }]), { 'main.c:10': [1, true] });
});

test('the same line reached on two ways is one row by line and two by stack', (t) => {
  const make = ['/home/me/app!make@make.c:7', 'libc.so.6!malloc'];
  const snapshot = snapshotOf([
    { stack: [MAIN, ...make], bytes: 1 },
    { stack: ['/home/me/app!other@main.c:20', ...make], bytes: 2 },
    { stack: [MAIN, ...make], bytes: 4 },
  ]);
  t.deepEqual(
    groupSites(snapshot, 'line').map((row) => row.liveBytes),
    [7],
  );
  t.deepEqual(
    groupSites(snapshot, 'stack').map((row) => row.liveBytes),
    [5, 2],
  );
  t.deepEqual(
    groupSites(snapshot, 'stack')[0]
      ?.stack?.()
      .map((frame) => frame.function),
    ['make', 'main'],
  );
});

test('functions of the same name in two files stay apart', (t) => {
  const snapshot = snapshotOf([
    { stack: ['/home/me/app!init@a.c:1'], bytes: 1 },
    { stack: ['/home/me/app!init@b.c:1'], bytes: 2 },
    { stack: ['/home/me/app!init@b.c:9'], bytes: 4 },
  ]);
  t.deepEqual(
    groupSites(snapshot, 'function').map((row) => [row.function, row.file, row.liveBytes]),
    [
      ['init', 'a.c', 1],
      ['init', 'b.c', 6],
    ],
  );
  t.deepEqual(
    groupSites(snapshot, 'file').map((row) => [row.file, row.liveBytes]),
    [
      ['a.c', 1],
      ['b.c', 6],
    ],
  );
  t.deepEqual(
    groupSites(snapshot, 'module').map((row) => [row.module, row.liveBytes]),
    [['/home/me/app', 7]],
  );
});

test('a recursive function is counted once however deep it goes', (t) => {
  const stack = [MAIN, ...Array.from({ length: 5 }, () => '/home/me/app!walk@walk.c:3'), 'libc.so.6!malloc'];
  const snapshot = snapshotOf([
    { stack, bytes: 8 },
    { stack: [MAIN, 'libc.so.6!malloc'], bytes: 1 },
  ]);
  t.deepEqual(
    groupSites(snapshot, 'function').map((row) => [row.function, row.liveBytes]),
    [
      ['walk', 8],
      ['main', 1],
    ],
  );
});

test('mappings do not swell the heap', (t) => {
  const snapshot = snapshotOf([
    { stack: [MAIN, 'libc.so.6!malloc'], bytes: 1 },
    { stack: [MAIN, 'libc.so.6!mmap'], bytes: 4096, kind: 'mmap' },
  ]);
  t.deepEqual(
    groupSites(snapshot, 'line').map((row) => row.liveBytes),
    [1],
  );
  t.deepEqual(
    groupSites(snapshot, 'line', 'mmap').map((row) => row.liveBytes),
    [4096],
  );
  t.deepEqual(
    groupSites(snapshot, 'line', 'all').map((row) => row.liveBytes),
    [4097],
  );
});

test('a live program that meets new stacks keeps the rows of the old ones', (t) => {
  const whole = randomRecording(7);
  const start = { ...whole, stacks: { ...whole.stacks, count: 20 } };
  const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);
  const grouping = groupStacks(createGroupTable('line'), start);
  const early = numbers(20).map(grouping.groupOf);
  grouping.catchUp(whole);
  const atOnce = groupStacks(createGroupTable('line'), whole);
  t.deepEqual(
    early,
    early.map((_, stack) => grouping.groupOf(stack)),
  );
  const keys = numbers(whole.stacks.count).map((stack) => grouping.table.groups[grouping.groupOf(stack)]);
  t.deepEqual(
    keys,
    numbers(whole.stacks.count).map((stack) => atOnce.table.groups[atOnce.groupOf(stack)]),
  );
});

test('Σ rows = Σ sites for every grouping', (t) => {
  const groupings: readonly GroupBy[] = ['line', 'function', 'file', 'module', 'stack'];
  const kinds: readonly KindFilter[] = ['heap', 'mmap', 'all'];
  for (let seed = 1; seed <= 40; seed += 1) {
    const snapshot = randomRecording(seed);
    for (const by of groupings)
      for (const kind of kinds) {
        const sum = emptySum();
        for (const row of groupSites(snapshot, by, kind)) addTo(sum, row);
        t.deepEqual(sum, sumSites(snapshot.sites, kind), `seed ${seed}, by ${by}, ${kind}`);
      }
  }
});

test('the same rows come in the same order every time', (t) => {
  const sites: readonly SiteText[] = ['c', 'a', 'b'].map((name) => ({
    stack: [`/home/me/app!${name}@${name}.c:1`],
    bytes: 8,
  }));
  const { rows, omitted } = topRows(groupSites(snapshotOf(sites), 'line'), 'live', 2);
  t.deepEqual(
    rows.map((row) => row.file),
    ['a.c', 'b.c'],
  );
  t.is(omitted, 1);
});

test('a stack is read from the innermost frame outwards', (t) => {
  const snapshot = snapshotOf([{ stack: ['app!a@x.c:1', 'app!b@x.c:2'], bytes: 1 }]);
  t.deepEqual(
    framesOf(snapshot, 1).map((frame) => frame.function),
    ['b', 'a'],
  );
});
