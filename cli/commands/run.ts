/** `memtrace run`: checks everything that can be checked, makes the session, and hands over to the daemon. */
import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { installedFile } from '../../daemon/installed.js';
import { type RunOptions, runSession } from '../../daemon/run.js';
import { cleanUp } from '../../daemon/session/cleanup.js';
import { createSession } from '../../daemon/session/session.js';
import { letSignalsPass } from '../../daemon/signals.js';
import type { GroupBy } from '../../proto/snapshot.js';
import { MemtraceError, usageError } from '../../views/error.js';
import type { Command, Given, OptionTable } from '../command.js';
import { connectLauncher } from '../launcher.js';
import type { Io } from '../print/io.js';
import { needScreen } from '../terminal.js';
import { GROUPINGS, mouseOption, rowLimit } from './options.js';
import { checkFile, outputOf, refuseDescriptor } from './output.js';

const runOptions = {
  output: {
    alias: 'o',
    type: 'string',
    canBeNone: true,
    describe:
      'the snapshot at the end; .gz is compressed [memtrace.<name>.<pid>.json]; --no-output keeps none',
  },
  force: { alias: 'f', type: 'boolean', default: false, describe: 'replace an output that exists' },
  by: { choices: GROUPINGS, default: 'line', describe: 'what a row of the report stands for' },
  limit: {
    type: 'number',
    default: 10,
    describe: 'rows of the report at most, and other processes in it; 0 for all',
  },
  json: { type: 'string', describe: 'write the report as JSON to this file (stdout is the program’s)' },
  children: {
    type: 'string',
    default: '64',
    describe: 'processes that keep a snapshot of their own: all, none, or the N largest',
  },
  only: {
    type: 'string',
    describe:
      'trace programs of these names alone, wherever in the tree: --only cc1,ld*; with a / it is a path',
  },
  exclude: {
    type: 'string',
    describe: 'do not trace programs of these names; what they start is traced all the same',
  },
  'on-full': {
    choices: ['wait', 'drop'],
    default: 'wait',
    describe:
      'when events come faster than they are read: the program waits, or events are dropped and counted',
  },
  'python-native': {
    type: 'boolean',
    default: false,
    describe: 'stacks of Python objects with the native frames between the lines (slower)',
  },
  'allow-untraced': {
    type: 'boolean',
    default: false,
    describe: 'run a program that cannot be traced (static, setuid, …) without a trace',
  },
  listen: { type: 'string', describe: 'serve viewers on this address too: 127.0.0.1:PORT' },
  tui: { type: 'boolean', default: false, describe: 'watch it live; its output is shown apart' },
  mouse: mouseOption,
  quiet: { alias: 'q', type: 'boolean', default: false, describe: 'no report, only errors' },
} as const satisfies OptionTable;

const run = async (given: Given, io: Io): Promise<number> => {
  const options = readOptions(given, (text) => io.stderr.write(`memtrace: ${text}\n`));
  checkApart(options);
  if (given.contradicted.has('output'))
    io.stderr.write(`memtrace: warning: ${whichCounts(options.output)}\n`);
  if (options.tui) needScreen(io, 'Leave out --tui, and look with `memtrace top` from another terminal.');
  const launcher = connectLauncher();
  if (!launcher) throw notTheLauncher();
  letSignalsPass();
  cleanUp();
  const session = createSession(options.command, shimPath());
  try {
    if (options.verbose > 0) io.stderr.write(`memtrace: session ${session.id} in ${session.shmFolder}\n`);
    for (const note of session.notes) io.stderr.write(`memtrace: warning: ${note}\n`);
    const ifUntraced = given.options['allow-untraced'] === true ? 'allow' : 'refuse';
    const screen = !options.tui ? 'plain' : given.options.mouse === false ? 'keys' : 'viewer';
    const request = {
      index: given.wordsAt + WORDS_BEFORE,
      ifUntraced,
      screen,
      folder: session.shmFolder,
    } as const;
    const running = runSession(session, options, launcher.of(request));
    const { reportRun } = await import('./runReport.js'); // loads while the program runs
    const outcome = await running;
    if (outcome) await reportRun(outcome, options, io);
  } finally {
    session.end();
  }
  return 0;
};

export const command: Command = { options: runOptions, endsAtWord: true, run };

/** `memtrace run`, in the launcher's argv. */
const WORDS_BEFORE = 2;

/** Options as they were given, made into what they mean. */
const readOptions = ({ options, words }: Given, announce: (text: string) => void): RunOptions => {
  if (words.length === 0)
    throw usageError('no program was named', 'There is nothing to run.', 'memtrace run -- program arguments');
  const by = options.by as GroupBy; // the table allows no other
  if (typeof options.output === 'string') refuseDescriptor(options.output);
  return {
    command: words,
    output: outputOf(options.output, options.force === true),
    onFull: options['on-full'] === 'drop' ? 'drop' : 'wait',
    selection: { only: patternsOf('only', options), exclude: patternsOf('exclude', options) },
    pythonNative: options['python-native'] === true,
    children: childrenOf(String(options.children)),
    limit: rowLimit(Number(options.limit)),
    by,
    json: reportFile(options.json, options.force === true),
    listen: typeof options.listen === 'string' ? addressOf(options.listen) : null,
    tui: options.tui === true,
    quiet: options.quiet === true,
    verbose: Number(options.verbose ?? 0),
    announce,
  };
};

const reportFile = (path: unknown, replace: boolean): RunOptions['json'] => {
  if (typeof path !== 'string') return null;
  refuseDescriptor(path);
  checkFile(path, replace, 'Give --json FILE in a folder of yours.');
  return { path, replace };
};

const checkApart = ({ output, json }: RunOptions): void => {
  if (output.kind === 'file' && json !== null && resolve(output.path) === resolve(json.path))
    throw usageError(
      `both the snapshot and the report would be ${json.path}`,
      'The second would replace the first.',
      'Give --json another name; `memtrace report --json` makes it of the snapshot at any time.',
    );
};

const whichCounts = (output: RunOptions['output']): string =>
  `-o and --no-output contradict each other; the last one counts: ${
    output.kind === 'file' ? `the snapshot will be ${output.path}` : 'no snapshot is kept'
  }`;

const childrenOf = (text: string): number => {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  if (text === 'none') return 0;
  if (/^\d+$/.test(text)) return Number(text);
  throw usageError(`--children ${text} makes no sense`, 'It is all, none or a number.', 'Give --children 8');
};

const patternsOf = (name: 'only' | 'exclude', { [name]: given }: Given['options']): readonly string[] => {
  if (typeof given !== 'string') return [];
  const patterns = given.split(',').filter((pattern) => pattern !== '');
  if (patterns.length > 0) return patterns;
  throw usageError(
    `--${name} ${given} names no program`,
    'It takes names with commas between.',
    `Give --${name} cc1,ld*`,
  );
};

/** Only this machine: whoever reads a trace sees command lines and source text. */
const addressOf = (text: string): { host: string; port: number } => {
  const [, host, digits] = /^(127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (host && port <= 65535) return { host: host === '[::1]' ? '::1' : host, port };
  throw usageError(
    `cannot listen on ${text}`,
    'It must be an address of this machine alone, with a port.',
    'Give --listen 127.0.0.1:7070 (0 for any free port)',
  );
};

const shimPath = (): string => {
  const path = installedFile('build/libmemtrace.so');
  try {
    accessSync(path, constants.R_OK);
    return path;
  } catch {
    throw new MemtraceError({
      message: 'cannot start',
      why: `${path} is missing: it is what is loaded into the program.`,
      remedy: 'Build it with `make`, or install memtrace again.',
      exitCode: 125,
    });
  }
};

const notTheLauncher = (): MemtraceError =>
  new MemtraceError({
    message: 'cannot run a program from here',
    why: 'The program is started by the launcher, bin/memtrace, which was not used.',
    remedy: 'Use bin/memtrace run instead of node dist/memtrace.cjs run.',
    exitCode: 125,
  });
