/** The end of `memtrace run` on the caller's stderr, and as JSON where that was asked for. */
import { isExcluded } from '../../daemon/live/untraced.js';
import type { Outcome, ProgramEnd, RunOptions } from '../../daemon/run.js';
import { writeReport } from '../../daemon/snapshot/write.js';
import type { ReportProcess } from '../../proto/snapshot.js';
import { MemtraceError } from '../../views/error.js';
import type { Recording } from '../../views/profile.js';
import { reportOf } from '../../views/report.js';
import { clean } from '../../views/text.js';
import { allocatedBytes } from '../../views/totals.js';
import { formatDuration } from '../../views/units.js';
import { endLines } from '../print/end.js';
import { type Io, writeLines } from '../print/io.js';
import { excludedNames, type ProcessLine } from '../print/processes.js';
import { surfaceOf } from '../print/surface.js';

export const reportRun = async (outcome: Outcome, options: RunOptions, io: Io): Promise<void> => {
  const { snapshot } = outcome;
  if (!snapshot) {
    writeLines(io.stderr, untracedLines(outcome, options));
    return;
  }
  const { by, limit } = options;
  const problems = [...outcome.problems, ...(await jsonProblems(outcome, snapshot, options))];
  if (options.quiet) {
    writeLines(
      io.stderr,
      problems.map((problem) => clean(`memtrace: ${problem}`)),
    );
    return;
  }
  const end = {
    snapshot,
    durationMs: outcome.durationMs,
    others: otherLines(outcome, limit),
    savedAs: outcome.savedAs,
    isKept: options.output.kind !== 'none',
    problems,
    by,
    limit,
  };
  writeLines(io.stderr, endLines(end, surfaceOf(io)));
};

/** @returns why the report is not there as JSON, where it was asked for */
const jsonProblems = async (
  { others }: Outcome,
  snapshot: Recording,
  { by, limit, json }: RunOptions,
): Promise<readonly string[]> => {
  if (json === null) return [];
  const processes = others.map(
    ({ info, capture, totals, savedAs }): ReportProcess => ({ process: info, capture, totals, savedAs }),
  );
  const report = { ...reportOf(snapshot, { by, limit, sort: 'live', kind: 'payload' }), processes };
  try {
    await writeReport(json.path, report, { force: json.replace });
    return [];
  } catch (error) {
    if (!(error instanceof MemtraceError)) throw error;
    return [`${error.message}: ${error.why} ${error.remedy}`];
  }
};

const untracedLines = (outcome: Outcome, { command }: RunOptions): readonly string[] => [
  `memtrace: ${command[0]} (pid ${outcome.pid}) ${endedHow(outcome.end)} after ${formatDuration(outcome.durationMs)}`,
  `  It was not traced: ${outcome.untraced}.`,
  ...(outcome.others.length > 0
    ? [`  Nor was what it started: ${excludedNames(namesOf(outcome.others))}.`]
    : []),
];

const namesOf = (processes: Outcome['others']): readonly string[] =>
  processes.map(({ info }) => info.command[0] ?? '?');

const endedHow = (end: ProgramEnd): string => {
  if (end.kind === 'exited') return `exited with ${end.code}`;
  return end.kind === 'signalled' ? `was killed by signal ${end.signal}` : 'ended';
};

/**
 * In order of their start: as many as the report has rows (0: all), the largest and those that were not traced. Then
 * the rest in one line.
 */
const otherLines = (outcome: Outcome, limit: number): readonly ProcessLine[] => {
  const excluded = outcome.others.filter(({ info }) => isExcluded(info.untraced));
  const others = outcome.others.filter((each) => !excluded.includes(each));
  const lines = listedLines(others, limit === 0 ? others.length : limit);
  if (excluded.length === 0) return lines;
  return [...lines, { kind: 'excluded', count: excluded.length, names: namesOf(excluded) }];
};

const listedLines = (others: Outcome['others'], most: number): readonly ProcessLine[] => {
  const untraced = others.filter(({ info }) => info.untraced !== undefined);
  const bySize = others
    .filter(({ info }) => info.untraced === undefined)
    .toSorted((a, b) => allocatedBytes(b.totals) - allocatedBytes(a.totals));
  const listed = new Set([...bySize.slice(0, most), ...untraced.slice(0, most)]);
  const rest = others.filter((each) => !listed.has(each));
  const lines = others
    .filter((each) => listed.has(each))
    .map(({ info, capture, totals, savedAs }): ProcessLine => {
      if (info.untraced !== undefined) return { kind: 'untraced', process: info, reason: info.untraced };
      const { allocations } = capture;
      const { peakBytes, liveBytes, python } = totals;
      return { kind: 'traced', process: info, allocations, peakBytes, liveBytes, python, savedAs };
    });
  if (rest.length === 0) return lines;
  const sum = (pick: (each: (typeof rest)[number]) => number) => rest.reduce((n, each) => n + pick(each), 0);
  const allocations = sum(({ capture }) => capture.allocations);
  const liveBytes = sum(({ totals }) => totals.liveBytes);
  const pythonLiveBytes = sum(({ totals }) => totals.python?.liveBytes ?? 0);
  const notTraced = rest.filter(({ info }) => info.untraced !== undefined).length;
  return [...lines, { kind: 'rest', count: rest.length, notTraced, allocations, liveBytes, pythonLiveBytes }];
};
