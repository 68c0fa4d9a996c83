/** `memtrace dump`: a snapshot of a running session, or with --diff the difference of two that were kept. */

import { findSession, pidMeant } from '../../daemon/session/find.js';
import { usageError } from '../../views/error.js';
import type { Command, Given } from '../command.js';
import { type Io, writeLines } from '../print/io.js';
import { surfaceOf } from '../print/surface.js';
import { type DiffArguments, diffOptions, runDiff, TROUBLE } from './diff.js';
import { dumpName } from './dumpName.js';
import { outputOf } from './output.js';

const run = (given: Given, io: Io): number | Promise<number> => {
  const { options, words } = given;
  // The table has checked each value; `files` are what is no option.
  if (options.diff === true) {
    if (given.named.has('output'))
      throw usageError('--diff keeps nothing', '-o names a snapshot to write.', `${DIFF} --json > diff.json`);
    if (given.named.has('force'))
      throw usageError('--diff keeps nothing', '--force replaces a file that -o names.', DIFF);
    return runDiff(
      { ...options, exitCode: options['exit-code'] === true, files: words } as unknown as DiffArguments,
      io,
    );
  }
  const lost = FOR_DIFF.find((name) => given.named.has(name));
  if (lost !== undefined)
    throw usageError(
      `--${lost} is for --diff`,
      'A snapshot keeps everything, as JSON.',
      'Give it to memtrace report.',
    );
  if (words.length > 1)
    throw usageError(
      'one session at a time',
      `${words.length} were named; only --diff takes two files.`,
      'memtrace dump PID -o a.json',
    );
  if (options.output === false)
    throw usageError('nothing to do', 'A snapshot is taken to be kept.', 'Give -o FILE.');
  return dumpSession(given, io);
};

const DIFF = 'memtrace dump --diff before.json after.json';
const FOR_DIFF = ['by', 'metric', 'kind', 'filter', 'language', 'limit', 'exit-code', 'json', 'color'];
const STDOUT = '-';
const ELSEWHERE = 'Give -o FILE in a folder of yours, or -o - for standard output.';

const dumpSession = async ({ options, words }: Given, io: Io): Promise<number> => {
  const force = options.force === true;
  // Refused before the daemon is put to work.
  if (options.output !== STDOUT) outputOf(options.output, force, ELSEWHERE);
  const session = findSession(words[0]);
  const { takeSnapshot } = await import('../../tui/takeSnapshot.js');
  const snapshot = await takeSnapshot(session.socket, pidMeant(words[0], session));
  if (options.output === STDOUT) {
    io.stdout.write(`${JSON.stringify(snapshot)}\n`);
    return 0;
  }
  const path = typeof options.output === 'string' ? options.output : dumpName(snapshot);
  const [{ writeSnapshot }, { recordingOf }] = await Promise.all([
    import('../../daemon/snapshot/write.js'),
    import('../../views/profile.js'),
  ]);
  await writeSnapshot(path, recordingOf(snapshot), { force });
  const shown = surfaceOf(io).path(path);
  writeLines(io.stderr, [`Saved as ${shown}`, `  memtrace report ${shown}`]);
  return 0;
};

export const command: Command = {
  options: {
    diff: { type: 'boolean', default: false, describe: 'compare two snapshots: the older, then the newer' },
    output: {
      alias: 'o',
      type: 'string',
      describe: 'the file to write, - for stdout [memtrace.<name>.<pid>.<time>.json]',
    },
    force: { alias: 'f', type: 'boolean', default: false, describe: 'replace an output that exists' },
    ...diffOptions,
  },
  trouble: ({ options }) => (options.diff === true && options['exit-code'] === true ? TROUBLE : undefined),
  run,
};
