/** `memtrace dump`: a snapshot of a running session, or with --diff the difference of two that were kept. */
import { findSession } from '../../daemon/session/find.js';
import { MemtraceError, usageError } from '../../views/error.js';
import type { Io } from '../print/io.js';
import type { Command, Given } from '../table.js';
import { type DiffArguments, diffOptions, runDiff } from './diff.js';
import { outputOf } from './output.js';

const run = (given: Given, io: Io): number => {
  const { options, words } = given;
  // The table has checked each value; `files` are what is no option.
  if (options.diff === true)
    return runDiff(
      { ...options, exitCode: options['exit-code'] === true, files: words } as unknown as DiffArguments,
      io,
    );
  if (words.length > 1)
    throw usageError('one session at a time', `${words.length} were named.`, 'memtrace dump PID -o a.json');
  outputOf(options.output, options.force === true);
  const session = findSession(words[0]);
  throw new MemtraceError({
    message: `cannot take a snapshot of session ${session.id}`,
    why: 'This version has no live service yet.',
    remedy: 'Wait for the end of the program: its snapshot is written then.',
  });
};

export const command: Command = {
  options: {
    diff: { type: 'boolean', default: false, describe: 'compare two snapshots: the older, then the newer' },
    output: { alias: 'o', type: 'string', describe: 'the file to write [memtrace.<name>.<pid>.json]' },
    force: { alias: 'f', type: 'boolean', default: false, describe: 'replace an output that exists' },
    ...diffOptions,
  },
  run,
};
