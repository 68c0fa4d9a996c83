/** `memtrace dump --diff a.json b.json`: what grew and what shrank between two snapshots. */
import type { Options } from 'yargs';
import type { DiffMetric, GroupBy, KindFilter } from '../../proto/snapshot.js';
import { diffSnapshots } from '../../views/diff.js';
import { usageError } from '../../views/error.js';
import { readSnapshot } from '../../views/read.js';
import { clean } from '../../views/text.js';
import { diffLines } from '../print/diff.js';
import { type Io, writeJson, writeLines } from '../print/io.js';
import { type ColourChoice, surfaceOf } from '../print/surface.js';
import { filterOf, type Language, rowLimit, viewOptions } from './options.js';

export interface DiffArguments {
  /** The older, then the newer. */
  readonly files: readonly string[];
  readonly by: GroupBy;
  readonly metric: DiffMetric;
  readonly kind: KindFilter;
  /** 0 for all. */
  readonly limit: number;
  readonly filter?: string;
  readonly language?: Language;
  readonly json: boolean;
  readonly exitCode: boolean;
  readonly color?: ColourChoice;
}

const DIFF_METRICS: readonly DiffMetric[] = ['live', 'peak', 'total'];

export const diffOptions = {
  ...viewOptions,
  metric: { choices: DIFF_METRICS, default: 'live', describe: 'what is compared' },
  'exit-code': {
    type: 'boolean',
    default: false,
    describe:
      'exit with 1 when the second snapshot has more bytes of the metric than the first, 2 on any error',
  },
} as const satisfies Readonly<Record<string, Options>>;

/**
 * @returns the exit code: 0; with `exitCode` 1 when the sum of the metric grew (a row that grew while the sum did
 * not is no growth)
 * @throws MemtraceError for a file that cannot be read (then nothing is on stdout), and for wrong usage
 */
export const runDiff = (given: DiffArguments, io: Io): number => {
  const [before, after, ...rest] = given.files;
  if (before === undefined || after === undefined || rest.length > 0)
    throw usageError(
      `--diff takes two snapshots, not ${given.files.length}`,
      'A difference is between a snapshot and a later one.',
      'Give both: memtrace dump --diff before.json after.json',
    );
  if (before === '-' && after === '-')
    throw usageError(
      'both snapshots would be standard input',
      'It can be given once: the first reads it to its end.',
      'Give one of them as a file: memtrace dump --diff before.json -',
    );
  const { by, metric, kind } = given;
  const limit = rowLimit(given.limit);
  const filter = filterOf(given.filter, given.language);
  const diff = diffSnapshots(readSnapshot(before), readSnapshot(after), {
    by,
    metric,
    kind,
    limit,
    filter,
  });
  writeLines(
    io.stderr,
    (diff.warnings ?? []).map((warning) => clean(`memtrace: warning: ${warning}`)),
  );
  if (given.json) writeJson(io.stdout, diff);
  else writeLines(io.stdout, diffLines(diff, surfaceOf(io, given.color)));
  return given.exitCode && diff.totals.delta > 0 ? 1 : 0;
};

/** As diff and grep have it: 1 is an answer. */
export const TROUBLE = 2;
