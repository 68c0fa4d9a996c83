/** A live session without a program: figures that tests set, profiles made from stacks written as text. */
import type { Holding, LiveProcess, LiveSession } from '../../daemon/live.js';
import type {
  ProcessInfo,
  SiteCounters,
  SizeClass,
  ThreadInfo,
  TimelinePoint,
} from '../../proto/snapshot.js';
import type { Recording } from '../../views/profile.js';
import { countersOf, type Sites, sitesOf, sumSites } from '../../views/sites.js';
import { type SiteText, siteRows, snapshotOf } from '../views/build.js';

export interface FakeProcess {
  readonly sites: readonly SiteText[];
  readonly info?: Partial<ProcessInfo>;
  readonly parent?: number | null;
  readonly rssBytes?: number;
  readonly timeline?: readonly TimelinePoint[];
}

export interface FakeSession extends LiveSession {
  /** Multiplies every site: time passes. */
  readonly grow: (factor: number) => void;
  readonly end: () => void;
  /** How often each was asked for. */
  readonly asked: { profile: number; snapshot: number; processes: number };
}

/** It stands still: what is drawn is the same however slow the machine is. */
const NOW_MS = Date.parse('2026-11-22T10:00:05.000Z');

export const fakeSession = (fakes: readonly FakeProcess[]): FakeSession => {
  const first = fakes.map(({ sites }) => snapshotOf(sites));
  const asked = { profile: 0, snapshot: 0, processes: 0 };
  let factor = 1;
  let running = true;

  const snapshotAt = (index: number): Recording => {
    const snapshot = first[index];
    const fake = fakes[index];
    if (!snapshot || !fake) throw new RangeError(`no process ${index}`);
    const sites = scaled(snapshot.sites, factor);
    const { peakBlocks: _, ...totals } = sumSites(sites, 'heap');
    const { peakBlocks: __, temporaryBlocks: ___, ...python } = sumSites(sites, 'python');
    const ending = running ? { exitCode: null } : { exitCode: 0 };
    return {
      ...snapshot,
      process: { ...snapshot.process, pid: 4711 + index, ...ending, ...fake.info },
      capture: {
        ...snapshot.capture,
        allocations: totals.totalBlocks,
        frees: totals.totalBlocks - totals.liveBlocks,
      },
      totals: {
        ...totals,
        peakAtMs: 900,
        rssBytes: fake.rssBytes ?? 8 << 20,
        peakRssBytes: fake.rssBytes ?? 8 << 20,
        ...(python.totalBlocks > 0 && { python }),
      },
      sites,
      timeline: fake.timeline ?? [],
    };
  };
  const processOf = (index: number): LiveProcess => {
    const { process, capture, totals } = snapshotAt(index);
    return {
      index,
      info: process,
      capture,
      totals,
      elapsedMs: Date.parse(process.takenAt) - Date.parse(process.startedAt),
      mapped: { liveBytes: 0, totalBytes: 0, peakBytes: 0 },
      parent: fakes[index]?.parent ?? null,
    };
  };
  return {
    id: 'kfmqa',
    startedAt: '2026-11-20T10:00:00.000Z',
    command: ['/home/me/app', '--fast'],
    nowMs: () => NOW_MS,
    running: () => running,
    processes: () => {
      asked.processes += 1;
      return fakes.map((_, index) => processOf(index));
    },
    mainProcess: () => (fakes.length > 0 ? 0 : null),
    profile: async (index) => {
      asked.profile += 1;
      return snapshotAt(index);
    },
    threads: () => THREADS,
    sizes: () => SIZES,
    holdings: async (index, chosen) =>
      Array.from(chosen).flatMap((yes, at) => (yes ? held(countersOf(snapshotAt(index).sites, at)) : [])),
    timeline: (index) => snapshotAt(index).timeline,
    snapshot: async (index) => {
      asked.snapshot += 1;
      return snapshotAt(index);
    },
    ownMemory: () => 50 << 20,
    grow: (by) => {
      factor = by;
    },
    end: () => {
      running = false;
    },
    asked,
  };
};

const THREADS: readonly ThreadInfo[] = [
  {
    tid: 4711,
    name: 'app',
    allocations: 900_000,
    frees: 100,
    liveBytes: 90_000_000,
    totalBytes: 95_000_000,
    temporaryBlocks: 40,
  },
  {
    tid: 4715,
    name: 'worker',
    allocations: 600_023,
    frees: 0,
    liveBytes: 11_205_248,
    totalBytes: 11_205_248,
    temporaryBlocks: 0,
  },
];

const SIZES: readonly SizeClass[] = [
  { bytes: 32, blocks: 1_600_000, liveBlocks: 1_500_000, liveBytes: 96_000_000, totalBytes: 99_000_000 },
  { bytes: 64, blocks: 12, liveBlocks: 7, liveBytes: 500, totalBytes: 1000 },
  { bytes: 262_144, blocks: 700_000, liveBlocks: 400_000, liveBytes: 5_200_000, totalBytes: 9_000_000 },
];

/** A third of what lives at a site is young. */
const held = ({ liveBlocks, liveBytes }: SiteCounters): readonly Holding[] => {
  const each = liveBytes / liveBlocks;
  const young = Math.floor(liveBlocks / 3);
  const of = (blocks: number) => ({
    fromBytes: 2 ** Math.floor(Math.log2(each)),
    blocks,
    bytes: Math.round(blocks * each),
  });
  const old = { ...of(liveBlocks - young), fromMs: 60_000, untilMs: 600_000 };
  return young > 0 ? [{ ...of(young), fromMs: 0, untilMs: 1000 }, old] : [old];
};

const scaled = (sites: Sites, factor: number): Sites =>
  sitesOf(
    siteRows(sites).map((site) => ({
      ...site,
      liveBytes: site.liveBytes * factor,
      liveBlocks: site.liveBlocks * factor,
      totalBytes: site.totalBytes * factor,
      totalBlocks: site.totalBlocks * factor,
      peakBytes: site.peakBytes * factor,
      peakBlocks: site.peakBlocks * factor,
    })),
  );

const START = ['/home/me/app!+64', 'libc.so.6!__libc_start_main', '/home/me/app!main@/home/me/src/main.c:10'];

/** Stacks of a small program, some lines of which allocate more than others. */
export const SITES: readonly SiteText[] = [
  {
    stack: [...START, '/home/me/app!read_config@/home/me/src/config.c:42', 'libc.so.6!malloc'],
    bytes: 4_200_000,
    blocks: 12,
  },
  {
    stack: [...START, '/home/me/app!cache_insert@/home/me/src/cache.c:130', 'libc.so.6!malloc'],
    bytes: 96_000_000,
    blocks: 1_500_000,
  },
  {
    stack: [
      ...START,
      '/home/me/app!std::vector<std::pair<int, std::string>, std::allocator<int>>::reserve(unsigned long)@/home/me/src/deep/down/below/some/other/folder/vectors.cpp:7',
      'libc.so.6!malloc',
    ],
    bytes: 1_000_000,
    blocks: 3,
  },
  { stack: [...START, 'libc.so.6!_IO_file_doallocate', 'libc.so.6!malloc'], bytes: 4096 },
  { stack: [...START, '/home/me/app!+5120', 'libc.so.6!malloc'], bytes: 640, blocks: 5 },
  {
    stack: [...START, '/home/me/app!日本語の関数@/home/me/src/宽字符.c:3', 'libc.so.6!malloc'],
    bytes: 512,
    blocks: 2,
  },
];
