/**
 * One process image as the session knows it: the core's counters, what the kernel says of its memory, its
 * timeline, its profile. Owned by the live session, which calls `observe` at each tick.
 */

import {
  AGE_BOUNDS_S,
  PROCESS_ENDED,
  PROCESS_EXECED,
  PROCESS_HAS_EXIT_CODE,
  PROCESS_RUNNING,
  PROCESS_UNTRACED,
} from '../../proto/generated/layout.js';
import type { ProcessInfo, PythonTotals, SizeClass, ThreadInfo } from '../../proto/snapshot.js';
import { SNAPSHOT_SCHEMA } from '../../proto/snapshot.js';
import type { Recording } from '../../views/profile.js';
import type { Core, ProcessRecord, SizeRecord } from '../core.js';
import type { Holding, LiveProcess } from '../live.js';
import { type ProcessProfile, processProfile } from '../profile/process.js';
import { sourcesOf } from '../snapshot/sources.js';
import type { Symbolizer } from '../symbols/symbolizer.js';
import { notesOf } from './notes.js';
import { type Resident, residentOf } from './resident.js';
import { threadInfos } from './threads.js';
import { createTimeline, type Timeline } from './timeline.js';
import { isUntraced, untracedReason } from './untraced.js';

/** How the program ended, where somebody who waited for it knows better than the shim. */
export interface ProgramEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export interface TrackedProcess {
  readonly profile: ProcessProfile;
  readonly timeline: Timeline;
  readonly live: () => LiveProcess;
  readonly record: () => ProcessRecord;
  /** Reads counters and resident memory anew, holds the files of new modules. */
  readonly observe: (record: ProcessRecord) => void;
  readonly setEnd: (end: ProgramEnd) => void;
  readonly setParent: (parent: number | null) => void;
  readonly parent: () => number | null;
  readonly threads: () => readonly ThreadInfo[];
  readonly sizes: () => readonly SizeClass[];
  readonly holdings: (chosen: Uint8Array) => Promise<readonly Holding[]>;
  readonly snapshot: (untracedChildren: number) => Promise<Recording>;
}

const NS_PER_MS = 1e6;
/** One that was forked where it cannot reach the session is announced without a path. */
const NO_NAME = '(name unknown)';

export const trackProcess = (core: Core, symbolizer: Symbolizer, first: ProcessRecord): TrackedProcess => {
  const { index, pid } = first;
  const { executable, command } = core.info(index);
  const profile = processProfile(core, symbolizer, index, pid);
  const timeline = createTimeline();
  const startedMs = first.startedNs / NS_PER_MS;
  let record = first;
  let resident: Resident = { bytes: 0, peakBytes: 0 };
  let end: ProgramEnd | null = null;
  let parent: number | null = null;

  const observe = (now: ProcessRecord) => {
    record = now;
    // Not where it could no longer see itself in /proc: the last sample stands.
    if (record.exitPeakBytes > 0)
      resident = {
        bytes: record.exitRssBytes,
        peakBytes: Math.max(record.exitPeakBytes, resident.peakBytes),
      };
    if (record.state === PROCESS_ENDED) profile.rest();
    if (record.state !== PROCESS_RUNNING) return;
    profile.holdModules(record.modules);
    const seen = residentOf(pid);
    if (seen) resident = { bytes: seen.bytes, peakBytes: Math.max(seen.peakBytes, resident.peakBytes) };
    timeline.add({
      ms: Math.max(0, Math.round(core.nowMs() - startedMs)),
      liveBytes: record.liveBytes,
      rssBytes: resident.bytes,
      ...(record.pythonAllocations > 0 && { pythonBytes: record.pythonLiveBytes }),
    });
  };

  const info = (record: ProcessRecord): ProcessInfo => ({
    pid,
    parentPid: record.parentPid,
    command: command.length > 0 ? command : [executable || NO_NAME],
    executable,
    startedAt: new Date(startedMs).toISOString(),
    takenAt: new Date(core.nowMs()).toISOString(),
    ...ending(record, end),
    ...(record.inheritedBlocks + record.inheritedFrees > 0 && {
      inherited: {
        blocks: record.inheritedBlocks,
        bytes: record.inheritedBytes,
        frees: record.inheritedFrees,
      },
    }),
    ...(isUntraced(record) && { untraced: untracedReason(record) }),
  });

  const live = (): LiveProcess => liveAt(record);

  const liveAt = (record: ProcessRecord): LiveProcess => ({
    index,
    parent,
    info: info(record),
    elapsedMs: Math.max(0, Math.round((endedMs(record) ?? core.nowMs()) - startedMs)),
    capture: {
      mode: 'full',
      allocations: record.allocations,
      frees: record.frees,
      lost: record.lost,
      unknownFrees: record.unknownFrees,
      truncatedStacks: record.truncated,
    },
    totals: {
      liveBytes: record.liveBytes,
      liveBlocks: record.liveBlocks,
      totalBytes: record.totalBytes,
      totalBlocks: record.allocations,
      peakBytes: record.peakBytes,
      peakAtMs: record.peakNs > 0 ? Math.max(0, Math.round(record.peakNs / NS_PER_MS - startedMs)) : 0,
      temporaryBlocks: record.temporaryBlocks,
      rssBytes: resident.bytes,
      peakRssBytes: Math.max(resident.bytes, resident.peakBytes),
      ...(record.pythonAllocations > 0 && { python: pythonTotals(record) }),
    },
    mapped: {
      liveBytes: record.mappedBytes,
      totalBytes: record.mappedTotalBytes,
      peakBytes: record.mappedPeakBytes,
    },
  });

  const threads = (): readonly ThreadInfo[] => threadInfos(core.threads(index));

  const sizes = (): readonly SizeClass[] => sizeClasses(core.sizes(index));

  const holdings = async (chosen: Uint8Array): Promise<readonly Holding[]> =>
    (await core.holdings(index, profile.amongTheCores(chosen))).map(
      ({ ageClass, sizeClass, blocks, bytes }) => ({
        fromMs: ageClass === 0 ? 0 : AGE_BOUNDS_S[ageClass - 1] * 1000,
        untilMs: ageClass < AGE_BOUNDS_S.length ? AGE_BOUNDS_S[ageClass] * 1000 : null,
        fromBytes: leastOfSize(sizeClass),
        blocks,
        bytes,
      }),
    );

  const snapshot = async (untracedChildren: number): Promise<Recording> => {
    const look = await profile.lookBeside(() => ({
      threads: core.threads(index),
      sizes: core.sizes(index),
      timeline: timeline.points().slice(),
    }));
    const { profile: grown, record: then, blocks, beside } = look;
    const { sites, stacks } = grown;
    const modules = grown.modules.slice();
    const frames = grown.frames.slice();
    const { info: processInfo, capture, totals } = liveAt(then);
    return {
      schema: SNAPSHOT_SCHEMA,
      process: processInfo,
      capture: { ...capture, untracedChildren },
      totals,
      modules,
      frames,
      stacks,
      sites,
      threads: threadInfos(beside.threads),
      sizes: sizeClasses(beside.sizes),
      sources: sourcesOf({ modules, frames, stacks, sites }),
      timeline: beside.timeline,
      blocks,
      notes: notesOf(then, processInfo, modules, symbolizer),
    };
  };

  return {
    profile,
    timeline,
    live,
    record: () => record,
    observe,
    setEnd: (known) => {
      end = known;
    },
    setParent: (known) => {
      parent = known;
    },
    parent: () => parent,
    threads,
    sizes,
    holdings,
    snapshot,
  };
};

const pythonTotals = (record: ProcessRecord): PythonTotals => ({
  liveBytes: record.pythonLiveBytes,
  liveBlocks: record.pythonLiveBlocks,
  totalBytes: record.pythonTotalBytes,
  totalBlocks: record.pythonAllocations,
  peakBytes: record.pythonPeakBytes,
});

/** Null while it runs. */
const endedMs = ({ endedNs }: ProcessRecord): number | null => (endedNs > 0 ? endedNs / NS_PER_MS : null);

/** Those that there are blocks of. */
const sizeClasses = (records: readonly SizeRecord[]): readonly SizeClass[] =>
  records
    .map(({ totalBlocks, totalBytes, liveBlocks, liveBytes }, at) => ({
      bytes: leastOfSize(at),
      blocks: totalBlocks,
      liveBlocks,
      liveBytes,
      totalBytes,
    }))
    .filter(({ blocks }) => blocks > 0);

/** Of a size class of the core. */
const leastOfSize = (sizeClass: number): number => (sizeClass === 0 ? 0 : 2 ** (sizeClass - 1));

const ending = (
  record: ProcessRecord,
  end: ProgramEnd | null,
): Pick<ProcessInfo, 'exitCode' | 'signal' | 'state'> => {
  if (end) return { ...end, state: end.signal === null ? 'exited' : 'killed' };
  // Of one that was not traced only the kernel tells that it is gone, and not how.
  if (record.state === PROCESS_UNTRACED && record.endedNs > 0)
    return { exitCode: null, signal: null, state: 'exited' };
  if (record.state !== PROCESS_ENDED) return { exitCode: null, signal: null, state: 'running' };
  if (record.flags & PROCESS_EXECED) return { exitCode: null, signal: null, state: 'replaced' };
  const exitCode = record.flags & PROCESS_HAS_EXIT_CODE ? record.exitCode : null;
  return { exitCode, signal: null, state: exitCode === null ? 'killed' : 'exited' };
};
