/**
 * One process image as the session knows it: the core's counters, what the kernel says of its memory, its
 * timeline, its profile. Owned by the live session, which calls `observe` at each tick.
 */

import { basename } from 'node:path';
import {
  AGE_BOUNDS_S,
  DETACH_ABANDONED,
  DETACH_DAEMON_DIED,
  DETACH_NO_MEMORY,
  DETACH_STOPPED,
  DETACH_UNREAD,
  MODULES_CAPACITY,
  PROCESS_CORRUPT,
  PROCESS_ENDED,
  PROCESS_EXECED,
  PROCESS_HAS_EXIT_CODE,
  PROCESS_RUNNING,
  PROCESS_UNTRACED,
  PYTHON_ACCEPTED,
  PYTHON_REFUSED_ALLOCATORS,
  PYTHON_REFUSED_DEBUG,
  PYTHON_REFUSED_FREE_THREADED,
  PYTHON_REFUSED_VERSION,
} from '../../proto/generated/layout.js';
import type { Module, ProcessInfo, PythonTotals, SizeClass, ThreadInfo } from '../../proto/snapshot.js';
import { SNAPSHOT_SCHEMA } from '../../proto/snapshot.js';
import type { Recording } from '../../views/profile.js';
import { formatBytes, formatCount } from '../../views/units.js';
import type { Core, ProcessRecord, SizeRecord } from '../core.js';
import { allocatorNote } from '../doctor/allocator.js';
import { readElf } from '../doctor/elf.js';
import type { Holding, LiveProcess } from '../live.js';
import { type ProcessProfile, processProfile } from '../profile/process.js';
import { sourcesOf } from '../snapshot/sources.js';
import type { Symbolizer } from '../symbols/symbolizer.js';
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
      notes: [...notesOf(then), ...allocatorNotes(processInfo), ...fileNotes(symbolizer, modules)],
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

/** A program that serves itself looks as if it allocated next to nothing. */
const allocatorNotes = ({ executable }: ProcessInfo): readonly string[] => {
  const elf = readElf(executable, 'exported');
  if (!elf?.defines('malloc')) return [];
  const note = allocatorNote(basename(executable), elf.functions());
  return note ? [note] : [];
};

/** Files whose names are missing although they should be there: replaced, damaged, out of reach. */
const fileNotes = (symbolizer: Symbolizer, modules: readonly Module[]): readonly string[] => {
  const paths = new Set(modules.map(({ path }) => path));
  return symbolizer
    .problems()
    .filter(({ kind, path }) => kind === 'file' && (paths.has(path) || path.includes('memtrace-symbolizer')))
    .map(({ path, problem, remedy }) => `${path}: ${problem}${remedy === null ? '' : `; ${remedy}`}`);
};

/** Of a node in the segment and its first child beside it: shim/nodes.c. */
const NODE_BYTES = 20;
const OWN_WORTH_TELLING = 4 << 20;

/** What a reader of the figures must know to judge them. */
const notesOf = (record: ProcessRecord): readonly string[] => {
  const notes: string[] = [];
  if (record.pid === 0 && record.ownPid > 0)
    notes.push(
      `its pid is not known, shown as ?: it ended before memtrace found it; it was pid ${record.ownPid} of another pid namespace`,
    );
  if (record.flags & PROCESS_CORRUPT || record.detachReason === DETACH_ABANDONED)
    notes.push('the program overwrote the memory it shares with memtrace: what came after that is missing');
  if (record.detachReason === DETACH_NO_MEMORY)
    notes.push('there was no shared memory left for more events: what came after that is missing');
  if (record.detachReason === DETACH_UNREAD)
    notes.push('the daemon did not come to read it in time: what came after the first events is missing');
  if (record.detachReason === DETACH_DAEMON_DIED)
    notes.push('the daemon had died: what came after is missing');
  if (record.detachReason === DETACH_STOPPED)
    notes.push('tracing was stopped and the process went on: what came after is missing');
  const ownBytes = record.nodes * NODE_BYTES;
  if (ownBytes >= OWN_WORTH_TELLING)
    notes.push(
      `about ${formatBytes(ownBytes)} of RSS are memtrace’s own: the record of ${formatCount(record.nodes)} stack frames`,
    );
  if (record.pythonRefusal !== PYTHON_ACCEPTED) notes.push(refusalNote(record));
  else if (record.pythonAllocations > 0 && record.pythonVersion < FIRST_PYTHON_THAT_TELLS)
    notes.push(reuseNote(record));
  if (record.modules >= MODULES_CAPACITY)
    notes.push(
      `its table of libraries was full after ${MODULES_CAPACITY} of them: frames in later ones, also in those that were loaded anew at another address, have no names`,
    );
  if (record.unrecorded > 0)
    notes.push(
      'its table of stacks was full (where addresses are limited, it is a small one: see ulimit -v): allocations of new stacks are counted without one, as [stack not recorded]',
    );
  if (record.skippedOrders > 0)
    notes.push(
      `${record.skippedOrders} events were begun and never finished, by threads that died in between`,
    );
  return notes;
};

/** 3.13, as the core writes it. */
const FIRST_PYTHON_THAT_TELLS = (3 << 8) | 13;

/** Which objects may stand at a line that is not theirs. */
const reuseNote = ({ pythonVersion }: ProcessRecord): string =>
  `Python ${versionText(pythonVersion)} makes lists, tuples, dictionaries and floats of dead ones without a word: such an object stands at the line that first made its block, its contents at the right one (3.13 and later tell)`;

const versionText = (version: number): string => `${version >> 8}.${version & 255}`;

/** Why a Python program shows the interpreter's native frames only. */
const refusalNote = ({ pythonVersion, pythonRefusal }: ProcessRecord): string => {
  if (pythonRefusal === PYTHON_REFUSED_ALLOCATORS)
    return `the program gave Python ${versionText(pythonVersion)} other allocators again and again: from then on objects were not counted, those that lived then are taken for live, and lines may be those of dead code`;
  return `this is Python ${versionText(pythonVersion)}, whose lines memtrace cannot name (${refusalReason(pythonRefusal)}): its memory is shown by the interpreter's own functions`;
};

const refusalReason = (refusal: number): string => {
  if (refusal === PYTHON_REFUSED_VERSION) return 'it knows 3.8 to 3.13';
  if (refusal === PYTHON_REFUSED_FREE_THREADED) return 'it is a free-threaded build';
  if (refusal === PYTHON_REFUSED_DEBUG) return 'it is a build that traces references';
  return 'it does not export what is needed';
};
