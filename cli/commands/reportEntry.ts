/** `memtrace report` as the table of commands wants it. */
import { usageError } from '../../views/error.js';
import type { Command } from '../command.js';
import { type ReportArguments, reportCommand, reportOptions } from './report.js';

export const command: Command = {
  options: reportOptions,
  run: ({ options, words, named }, io) => {
    const [file, ...others] = words;
    if (file === undefined || others.length > 0)
      throw usageError(
        `report takes one snapshot, not ${words.length}`,
        'It prints one; two are compared by dump --diff.',
        'memtrace report a.json',
      );
    const lost = options.block === true ? ['by', 'sort'].find((name) => named.has(name)) : undefined;
    if (lost !== undefined)
      throw usageError(
        `--${lost} is not for --block`,
        'Single blocks are not summed up; the largest come first.',
        `Leave out --block, or --${lost}.`,
      );
    // The table has checked each value.
    return reportCommand({ ...options, file } as unknown as ReportArguments, io);
  },
};
