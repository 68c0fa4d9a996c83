/** `memtrace report a.json`: the rows of one grouping of a snapshot, as a table or as JSON. */

import type { Options } from 'yargs';
import type { GroupBy, KindFilter, Metric } from '../../proto/snapshot.js';
import { type BlockOptions, blockList } from '../../views/blocks.js';
import { MemtraceError } from '../../views/error.js';
import type { Recording } from '../../views/profile.js';
import { readSnapshot } from '../../views/read.js';
import { reportOf } from '../../views/report.js';
import { blockLines } from '../print/blocks.js';
import { type Io, writeJson, writeLines } from '../print/io.js';
import { reportLines } from '../print/report.js';
import { type ColourChoice, surfaceOf } from '../print/surface.js';
import { filterOf, type Language, METRICS, rowLimit, viewOptions } from './options.js';

export interface ReportArguments {
  /** "-" for standard input. */
  readonly file: string;
  readonly by: GroupBy;
  readonly sort: Metric;
  readonly kind: KindFilter;
  /** 0 for all. */
  readonly limit: number;
  readonly filter?: string;
  readonly language?: Language;
  readonly json: boolean;
  /** Live blocks instead of rows. */
  readonly block?: boolean;
  readonly color?: ColourChoice;
}

export const reportOptions = {
  ...viewOptions,
  sort: { choices: METRICS, default: 'live', describe: 'largest first by this' },
  block: {
    type: 'boolean',
    default: false,
    describe: 'the largest live blocks instead, each with its stack and the source of each frame',
  },
} as const satisfies Readonly<Record<string, Options>>;

/** @throws MemtraceError for a file that cannot be read or is no snapshot, and for wrong usage */
export const reportCommand = (given: ReportArguments, io: Io): number => {
  const { by, sort, kind } = given;
  const limit = rowLimit(given.limit);
  const filter = filterOf(given.filter, given.language);
  const snapshot = readSnapshot(given.file);
  if (given.block) return printBlocks(given, { kind, limit, filter }, snapshot, io);
  if (given.json) writeJson(io.stdout, reportOf(snapshot, { by, sort, kind, limit, filter }));
  else
    writeLines(
      io.stdout,
      reportLines(snapshot, { by, sort, kind, limit, filter }, surfaceOf(io, given.color)),
    );
  return 0;
};

const printBlocks = (
  { json, color, file }: ReportArguments,
  options: BlockOptions,
  snapshot: Recording,
  io: Io,
): number => {
  const list = blockList(snapshot, options);
  if (!list)
    throw new MemtraceError({
      message: `${file} has no single blocks`,
      why: 'An older memtrace wrote it, which kept sums only.',
      remedy: 'Take it again, or give --by stack instead: the same stacks, with what lives at each.',
    });
  if (json) io.stdout.write(`${JSON.stringify(list, null, 2)}\n`);
  else writeLines(io.stdout, blockLines(list, surfaceOf(io, color)));
  return 0;
};
