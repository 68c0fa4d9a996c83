/** `memtrace report a.json`: the rows of one grouping of a snapshot, as a table or as JSON. */
import type { Options } from 'yargs';
import type { GroupBy, KindFilter, Metric } from '../../proto/snapshot.js';
import { readSnapshot } from '../../views/read.js';
import { reportOf } from '../../views/report.js';
import { type Io, writeLines } from '../print/io.js';
import { reportLines } from '../print/report.js';
import { type ColourChoice, surfaceOf } from '../print/surface.js';
import { failing } from './failing.js';
import { filterOf, METRICS, rowLimit, viewOptions } from './options.js';

export interface ReportArguments {
  /** "-" for standard input. */
  readonly file: string;
  readonly by: GroupBy;
  readonly sort: Metric;
  readonly kind: KindFilter;
  /** 0 for all. */
  readonly limit: number;
  readonly filter?: string;
  readonly json: boolean;
  readonly color?: ColourChoice;
}

export const reportOptions = {
  ...viewOptions,
  sort: { choices: METRICS, default: 'live', describe: 'largest first by this' },
} as const satisfies Readonly<Record<string, Options>>;

/** @returns the exit code: 0, 1 for a file that cannot be read or is no snapshot, 2 for wrong usage */
export const reportCommand = (given: ReportArguments, io: Io): number =>
  failing(io, () => {
    const { by, sort, kind } = given;
    const limit = rowLimit(given.limit);
    const filter = filterOf(given.filter);
    const snapshot = readSnapshot(given.file);
    if (given.json)
      io.stdout.write(`${JSON.stringify(reportOf(snapshot, { by, sort, kind, limit, filter }), null, 2)}\n`);
    else
      writeLines(
        io.stdout,
        reportLines(snapshot, { by, sort, kind, limit, filter }, surfaceOf(io, given.color)),
      );
    return 0;
  });
