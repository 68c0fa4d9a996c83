/**
 * Where Node starts: finds the command, loads it alone, turns what goes wrong into words. `run` comes here as a
 * child of the launcher (cli/launcher/main.c), everything else as the command itself.
 */
import { readFileSync } from 'node:fs';
import { installedFile } from '../daemon/installed.js';
import { errorLines, MemtraceError, usageError } from '../views/error.js';
import { nearest } from '../views/nearest.js';
import { named } from '../views/text.js';
import { connectLauncher } from './launcher.js';
import { type Io, processIo, writeLines } from './print/io.js';
import { COMMANDS, type CommandEntry } from './table.js';

const main = async (args: readonly string[], io: Io): Promise<number> => {
  const [name, ...rest] = args;
  if (name === '--version' || name === '-V') return printVersion(io);
  if (name === 'help' && Object.hasOwn(COMMANDS, rest[0] ?? '')) return main([...rest, '--help'], io);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const { overallHelp } = await import('./help.js');
    (name === undefined ? io.stderr : io.stdout).write(`${await overallHelp(COMMANDS)}\n`);
    return name === undefined ? 2 : 0;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!entry) throw unknownCommand(name);
  return runCommand(name, entry, rest, io);
};

const runCommand = async (
  name: string,
  entry: CommandEntry,
  args: readonly string[],
  io: Io,
): Promise<number> => {
  const [command, { parse }] = await Promise.all([entry.load(), import('./parse.js')]);
  const given = parse(name, command, args);
  trouble = command.trouble?.(given);
  const asksForHelp = given.options.help === true;
  if (!asksForHelp && given.options.version !== true) return await command.run(given, io);
  if (launcher) return launcher.askForTerminal(); // it starts us again, on the caller's own terminal
  if (!asksForHelp) return printVersion(io);
  const { commandHelp } = await import('./help.js');
  io.stdout.write(`${await commandHelp(name, entry, command)}\n`);
  return 0;
};

const unknownCommand = (name: string): MemtraceError => {
  const close = nearest(name.toLowerCase(), Object.keys(COMMANDS));
  if (name.startsWith('-'))
    return usageError(
      `a command stands before its options, not ${name}`,
      `The commands are ${Object.keys(COMMANDS).join(', ')}.`,
      `Give ${name} behind the command: memtrace report ${name} FILE`,
    );
  const isFile = name.includes('/');
  return usageError(
    `unknown command ${named(name)}`,
    `The commands are ${Object.keys(COMMANDS).join(', ')}.`,
    isFile
      ? `Did you mean: memtrace run -- ${name}`
      : close
        ? `Did you mean: memtrace ${close}`
        : 'See memtrace --help',
  );
};

const printVersion = (io: Io): number => {
  const { version } = JSON.parse(readFileSync(installedFile('package.json'), 'utf8'));
  io.stdout.write(`memtrace ${version}\n`);
  return 0;
};

const OUTPUT_REMEDIES: Readonly<Record<string, string | undefined>> = {
  ENOSPC: 'Free some space, or send it elsewhere.',
  EDQUOT: 'Your disk quota is used up: free some space, or send it elsewhere.',
  EIO: 'The device failed: send it elsewhere.',
  EBADF: 'It is closed, or open for reading alone: leave out >&-, or send it elsewhere.',
};

/** In words for the user's errors; a fault of ours says so, with its stack when asked. */
const tell = (error: unknown, args: readonly string[], io: Io): number => {
  if (error instanceof MemtraceError) {
    writeLines(io.stderr, errorLines(error));
    if (isVerbose(args) && error.stack) writeLines(io.stderr, [error.stack]);
    return error.exitCode;
  }
  const fault: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  if (fault.code === 'EMFILE' || fault.code === 'ENFILE') {
    const remedy = 'Raise the limit: ulimit -n 256';
    writeLines(
      io.stderr,
      errorLines(new MemtraceError({ message: 'cannot go on', why: fault.message, remedy })),
    );
    return 125;
  }
  const full = fault.syscall === 'write' ? OUTPUT_REMEDIES[fault.code ?? ''] : undefined;
  if (full !== undefined) {
    const problem = { message: 'cannot write the output', why: fault.message, remedy: full };
    writeLines(io.stderr, errorLines(new MemtraceError(problem)));
    return 125;
  }
  writeLines(io.stderr, [
    `memtrace: a fault of memtrace's own: ${fault.message}`,
    '  why: This should not happen, whatever was given.',
    '  try: Report it, with what -vv prints.',
    ...(isVerbose(args) && fault.stack ? [fault.stack] : []),
  ]);
  return 125;
};

const isVerbose = (args: readonly string[]): boolean =>
  args.includes('-vv') || args.filter((arg) => arg === '-v' || arg === '--verbose').length > 1;

let trouble: number | undefined;

const exitCodeOf = (error: unknown): number => {
  const code = tell(error, args, io);
  return trouble ?? code;
};

const launcher = connectLauncher();
const args = process.argv.slice(2);
const io = launcher?.io ?? processIo();
process.on('uncaughtException', (error) => process.exit(exitCodeOf(error)));
process.on('unhandledRejection', (error) => process.exit(exitCodeOf(error)));
main(args, io)
  .catch(exitCodeOf)
  .then((code) => {
    process.exitCode = code;
    launcher?.finish(code);
  });
