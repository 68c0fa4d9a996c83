/** One process in a few figures, and several summed up: pure. */
import type { Mapped, ProcessSummary } from '../../proto/messages.js';
import type { CaptureInfo, ProcessInfo, ProcessState, PythonTotals, Totals } from '../../proto/snapshot.js';
import { isMissed } from '../live/untraced.js';
import type { LiveProcess } from '../live.js';

export const summaryOf = ({
  index,
  parent,
  info,
  totals,
  capture,
  elapsedMs,
}: LiveProcess): ProcessSummary => ({
  index,
  parent,
  pid: info.pid,
  command: info.command,
  state: stateOf(info),
  exitCode: info.exitCode,
  signal: info.signal,
  untraced: info.untraced ?? null,
  elapsedMs,
  liveBytes: totals.liveBytes,
  liveBlocks: totals.liveBlocks,
  peakBytes: totals.peakBytes,
  totalBytes: totals.totalBytes,
  allocations: capture.allocations,
  rssBytes: totals.rssBytes,
  ...(totals.python && { pythonBytes: totals.python.liveBytes }),
});

const stateOf = ({ state, signal, exitCode }: ProcessInfo): ProcessState => {
  if (state !== undefined) return state;
  if (signal !== null) return 'killed';
  return exitCode === null ? 'running' : 'exited';
};

/** Figures of one process or of several. */
export interface Figures {
  readonly totals: Totals;
  readonly capture: CaptureInfo;
  readonly mapped: Mapped;
}

/** Sums; of peaks too, which need not have been at the same moment. */
export const sumFigures = (processes: readonly LiveProcess[]): Figures => {
  const totals = { ...NO_TOTALS };
  const capture: { -readonly [Name in keyof CaptureInfo]: CaptureInfo[Name] } = { ...NO_CAPTURE };
  const mapped = { ...NO_MAPPED };
  for (const process of processes) {
    for (const name of TOTALS) totals[name] += process.totals[name];
    for (const name of COUNTS) capture[name] += process.capture[name];
    for (const name of MAPPED) mapped[name] += process.mapped[name];
    if (process.capture.mode === 'sampled') capture.mode = 'sampled';
    capture.untracedChildren = (capture.untracedChildren ?? 0) + (isMissed(process.info.untraced) ? 1 : 0);
  }
  const python = sumPython(processes);
  return { totals: { ...totals, peakAtMs: 0, ...(python && { python }) }, capture, mapped };
};

/** Null where no process has a Python interpreter. */
const sumPython = (processes: readonly LiveProcess[]): PythonTotals | null => {
  const each = processes.flatMap(({ totals }) => totals.python ?? []);
  if (each.length === 0) return null;
  const sum = (name: keyof PythonTotals) => each.reduce((total, python) => total + python[name], 0);
  return {
    liveBytes: sum('liveBytes'),
    liveBlocks: sum('liveBlocks'),
    totalBytes: sum('totalBytes'),
    totalBlocks: sum('totalBlocks'),
    peakBytes: sum('peakBytes'),
  };
};

const NO_TOTALS = {
  liveBytes: 0,
  liveBlocks: 0,
  totalBytes: 0,
  totalBlocks: 0,
  peakBytes: 0,
  peakAtMs: 0,
  temporaryBlocks: 0,
  rssBytes: 0,
  peakRssBytes: 0,
};
const NO_CAPTURE = {
  mode: 'full',
  allocations: 0,
  frees: 0,
  lost: 0,
  unknownFrees: 0,
  truncatedStacks: 0,
} as const satisfies CaptureInfo;
const NO_MAPPED = { liveBytes: 0, totalBytes: 0, peakBytes: 0 };

const namesOf = <T extends object>(of: T): readonly (keyof T)[] => Object.keys(of) as (keyof T)[];
const TOTALS = namesOf(NO_TOTALS);
const COUNTS = namesOf(NO_CAPTURE).filter((name) => name !== 'mode');
const MAPPED = namesOf(NO_MAPPED);
