/**
 * The session as it runs: drains the core, follows its processes, answers daemon/live.ts.
 *
 * One caller at a time drives it: daemon/run.ts.
 */
import { PROCESS_RUNNING } from '../../proto/generated/layout.js';
import { monotonicMs } from '../clock.js';
import type { Core, ProcessRecord } from '../core.js';
import type { LiveSession } from '../live.js';
import type { Symbolizer } from '../symbols/symbolizer.js';
import { createImages, type Images } from './images.js';
import { type ProgramEnd, type TrackedProcess, trackProcess } from './process.js';
import { residentOf } from './resident.js';
import { couldNotBeTraced } from './untraced.js';

export interface SessionFacts {
  readonly id: string;
  readonly startedAt: string;
  readonly command: readonly string[];
}

export interface DrivenSession extends LiveSession {
  /** Drains for about `ms`; now and then looks at all processes. Resolves with the number of events taken. */
  readonly tick: (ms: number) => Promise<number>;
  /** Drains what is there and looks at all processes. */
  readonly catchUp: () => Promise<void>;
  /** The pid of the program that the user started. */
  readonly setMainPid: (pid: number) => void;
  /** How that program ended. Its last image carries it. */
  readonly setMainEnd: (end: ProgramEnd) => void;
  /** Whether that program's images are all at their end, with all of their events. */
  readonly mainIsDrained: () => boolean;
  readonly tracked: () => readonly TrackedProcess[];
  /** Process images of which nothing is known but that they ran untraced. */
  readonly refusedCount: () => number;
  /** The session is over: nothing more will come. */
  readonly finish: () => void;
}

const NOT_FORKED = 0xffffffff;
/** How old counters and resident memory may be: each look reads a file of every process. */
const LOOK_EVERY_MS = 80;

export const driveSession = (core: Core, symbolizer: Symbolizer, facts: SessionFacts): DrivenSession => {
  const processes: TrackedProcess[] = [];
  const images = createImages();
  /** Those that could not be traced: few, or none. */
  const missed = new Set<number>();
  let mainPid: number | null = null;
  let mainEnd: ProgramEnd | null = null;
  let finished = false;
  let lookedAt = 0;

  const look = () => {
    for (const record of core.changedProcesses()) {
      const known = processes[record.index];
      if (!known) {
        const fresh = trackProcess(core, symbolizer, record);
        fresh.setParent(parentOf(record, images));
        processes[record.index] = fresh;
      }
      images.add(record);
      if (couldNotBeTraced(record)) missed.add(record.index);
      processes[record.index].observe(record);
    }
  };

  const tick = async (ms: number) => {
    const events = await core.drain(ms);
    const now = monotonicMs();
    if (now - lookedAt < LOOK_EVERY_MS) return events;
    lookedAt = now;
    look();
    return events;
  };

  const catchUp = async () => {
    await core.catchUp();
    look();
  };

  /** The last image of the main program's pid: earlier ones were replaced by exec. */
  const mainProcess = (): number | null => (mainPid === null ? null : images.lastOf(mainPid));

  const tellEnd = () => {
    const index = mainProcess();
    if (index !== null && mainEnd) processes[index]?.setEnd(mainEnd);
  };

  return {
    ...facts,
    nowMs: core.nowMs,
    running: () => !finished,
    processes: () => {
      tellEnd();
      return processes.map((each) => each.live());
    },
    mainProcess,
    profile: (index) => at(processes, index).profile.refresh(),
    threads: (index) => at(processes, index).threads(),
    sizes: (index) => at(processes, index).sizes(),
    holdings: (index, chosen) => at(processes, index).holdings(chosen),
    timeline: (index) => at(processes, index).timeline.points(),
    snapshot: async (index) => {
      if (!finished) await catchUp();
      tellEnd();
      return at(processes, index).snapshot(untracedBelow(processes, missed, index, mainPid));
    },
    stopTracing: () => core.stop(),
    ownMemory: () => residentOf('self')?.bytes ?? 0,
    tick,
    catchUp,
    setMainPid: (pid) => {
      mainPid = pid;
    },
    setMainEnd: (end) => {
      mainEnd = end;
    },
    mainIsDrained: () =>
      images.of(mainPid ?? 0).every((index) => at(processes, index).record().state !== PROCESS_RUNNING),
    tracked: () => processes,
    refusedCount: core.refusedCount,
    finish: () => {
      finished = true;
    },
  };
};

/**
 * How many of the images that descend from a process could not be traced. From the main program all do, also
 * those of which no parent is known.
 */
const untracedBelow = (
  processes: readonly TrackedProcess[],
  missed: ReadonlySet<number>,
  index: number,
  mainPid: number | null,
): number => {
  if (at(processes, index).record().pid === mainPid) return missed.size;
  const first = firstImage(processes, index);
  return [...missed].filter((each) => descends(processes, at(processes, each), first)).length;
};

/** A process keeps its children when it goes on by exec. */
const firstImage = (processes: readonly TrackedProcess[], index: number): number => {
  const { pid } = at(processes, index).record();
  let first = index;
  for (;;) {
    const before = at(processes, first).parent();
    if (pid <= 0 || before === null || at(processes, before).record().pid !== pid) return first;
    first = before;
  }
};

/** A parent always has a smaller index. */
const descends = (processes: readonly TrackedProcess[], process: TrackedProcess, from: number): boolean => {
  let above = process.parent();
  while (above !== null && above > from) above = at(processes, above).parent();
  return above === from;
};

/** A forked image has its parent's index; one that was executed follows on the image its pid had before. */
const parentOf = ({ parentIndex, pid, parentPid }: ProcessRecord, images: Images): number | null =>
  parentIndex !== NOT_FORKED ? parentIndex : (images.lastOf(pid) ?? images.lastOf(parentPid));

const at = (processes: readonly TrackedProcess[], index: number): TrackedProcess => {
  const process = processes[index];
  if (!process) throw new RangeError(`no process ${index} in this session`);
  return process;
};
