/** Makes snapshots for tests: from stacks written as text, and at random from a seed. */
import type { Frame, Module, Site, SiteKind, Snapshot, StackNode } from '../../proto/snapshot.js';
import { type Recording, recordingOf } from '../../views/profile.js';
import { countersOf, emptySum, SITE_KINDS, type Sites, sitesOf, sumSites } from '../../views/sites.js';

/** `module!function@file:line`; each part but the module may be missing: `app!main@main.c:3`, `libc.so.6!malloc`. */
export type FrameText = string;

export interface SiteText {
  /** Outermost first. */
  readonly stack: readonly FrameText[];
  readonly bytes: number;
  readonly blocks?: number;
  readonly kind?: SiteKind;
}

/** @param shift added to every offset: another run, another place in memory */
export const snapshotOf = (texts: readonly SiteText[], shift = 0): Recording => {
  const modules: Module[] = [];
  const frames: Frame[] = [];
  const stacks: StackNode[] = [];
  const frameOf = (text: FrameText): number => {
    const [, name = '', rest = ''] = /^(.*?)!(.*)$/.exec(text) ?? [];
    const [, call = '', file, line] = /^(.*?)(?:@(.*):(\d+))?$/.exec(rest) ?? [];
    const path = name === '' ? null : name.startsWith('/') ? name : `/usr/lib/${name}`;
    if (path !== null && !modules.some((module) => module.path === path))
      modules.push({ path, buildId: null });
    const offset = /^\+(\d+)$/.exec(call)?.[1];
    return (
      frames.push({
        function: call === '' || offset !== undefined ? null : call,
        file: file ?? null,
        line: line === undefined ? null : Number(line),
        module: modules.findIndex((module) => module.path === path),
        offset: offset === undefined ? frames.length + shift : Number(offset),
        language: 'native',
        inlined: false,
      }) - 1
    );
  };
  const sites = texts.map(({ stack, bytes, blocks = 1, kind = 'heap' }): Site => {
    const top = stack.reduce((parent, text) => stacks.push({ parent, frame: frameOf(text) }) - 1, -1);
    const size = { liveBytes: bytes, totalBytes: bytes, peakBytes: bytes };
    const count = { liveBlocks: blocks, totalBlocks: blocks, peakBlocks: blocks };
    return { ...emptySum(), ...size, ...count, stack: top, kind };
  });
  return recordingOf(complete({ modules, frames, stacks, sites }));
};

/** Adds what a snapshot has beyond a profile, with totals that fit. */
const complete = (profile: Pick<Snapshot, 'modules' | 'frames' | 'stacks' | 'sites'>): Snapshot => {
  const { peakBlocks: _, ...totals } = sumSites(sitesOf(profile.sites), 'heap');
  return {
    schema: 'memtrace.snapshot/1',
    process: {
      pid: 100,
      parentPid: 1,
      command: ['./app'],
      executable: '/home/me/app',
      startedAt: '2026-11-20T10:00:00.000Z',
      takenAt: '2026-11-20T10:00:01.000Z',
      exitCode: 0,
      signal: null,
    },
    capture: {
      mode: 'full',
      allocations: totals.totalBlocks,
      frees: totals.totalBlocks - totals.liveBlocks,
      lost: 0,
      unknownFrees: 0,
      truncatedStacks: 0,
    },
    totals: { ...totals, peakAtMs: 10, rssBytes: 0, peakRssBytes: 0 },
    ...profile,
    threads: [],
    sizes: [],
    sources: {},
    timeline: [],
  };
};

/** As a snapshot has them. */
export const siteRows = (sites: Sites): readonly Site[] =>
  Array.from({ length: sites.count }, (_, at) => ({
    stack: sites.stack[at],
    kind: SITE_KINDS[sites.kind[at]] ?? 'heap',
    ...countersOf(sites, at),
  }));

/** A small generator of random numbers (mulberry32): the same numbers for the same seed, everywhere. */
export const randomFrom = (seed: number) => {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, chance: (share: number): boolean => next() < share };
};

const MODULES = [
  '/home/me/app',
  '/usr/lib/libc.so.6',
  '/usr/lib/libz.so.1',
  '/usr/lib/libstdc++.so.6',
  '/x/libmemtrace.so',
];
const FUNCTIONS = [
  'main',
  'parse',
  'malloc',
  'operator new(unsigned long)',
  '_IO_file_doallocate',
  '__libc_start_main',
];

/** Anything that the rules of the format allow, sensible or not. */
export const randomSnapshot = (seed: number, stackCount = 60): Snapshot => {
  const { below, chance } = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T | null => list[below(list.length)] ?? null;
  const frames = Array.from({ length: 24 }, (): Frame => {
    const hasFile = chance(0.5);
    return {
      function: chance(0.8) ? pick(FUNCTIONS) : null,
      file: hasFile ? `src/${below(3)}.c` : null,
      line: hasFile && chance(0.9) ? 1 + below(5) : null,
      module: below(MODULES.length + 1) - 1,
      offset: below(6),
      language: chance(0.1) ? 'python' : 'native',
      inlined: chance(0.2),
    };
  });
  const stacks = Array.from(
    { length: stackCount },
    (_, at): StackNode => ({
      parent: below(at + 1) - 1,
      frame: below(frames.length),
    }),
  );
  const sites = Array.from({ length: stackCount }, (): Site => {
    const totalBlocks = below(100);
    const liveBlocks = below(totalBlocks + 1);
    return {
      stack: below(stackCount),
      kind: pick(['heap', 'mmap', 'python'] as const) ?? 'heap',
      liveBytes: liveBlocks * 8,
      liveBlocks,
      totalBytes: totalBlocks * 8,
      totalBlocks,
      peakBytes: liveBlocks * 4,
      peakBlocks: liveBlocks,
      temporaryBlocks: below(totalBlocks - liveBlocks + 1),
    };
  });
  return complete({ modules: MODULES.map((path) => ({ path, buildId: null })), frames, stacks, sites });
};

export const randomRecording = (seed: number, stackCount?: number): Recording =>
  recordingOf(randomSnapshot(seed, stackCount));
