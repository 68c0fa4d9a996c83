/** Help, printed by yargs from the same tables that the parser reads. Examples come first. */
import yargs from 'yargs';
import { COMMON_OPTIONS } from './parse.js';
import type { Command, CommandEntry } from './table.js';

/** @returns the text of `memtrace --help` */
export const overallHelp = (commands: Readonly<Record<string, CommandEntry>>): Promise<string> =>
  helpOf(
    `memtrace shows where a program's memory comes from, while it runs\n\n${examplesText([
      ['memtrace run -- ./program arguments', 'run it, then show where its memory came from'],
      ['memtrace top', 'look at it while it runs'],
      ['memtrace dump --diff a.json b.json', 'what grew between two snapshots'],
    ])}\n\nCommands:\n${columns(Object.entries(commands).map(([name, { describe }]) => [name, describe]))}`,
    COMMON_OPTIONS,
    'memtrace COMMAND --help says more.',
  );

/** @returns the text of `memtrace NAME --help` */
export const commandHelp = (name: string, entry: CommandEntry, command: Command): Promise<string> =>
  helpOf(
    `memtrace ${name} ${entry.usage}\n  ${entry.describe}\n\n${examplesText(entry.examples)}`,
    { ...command.options, ...COMMON_OPTIONS },
    command.endsAtWord ? 'Options end at the first word that is none: the rest is the program’s.' : '',
  );

const helpOf = (usage: string, options: Command['options'], epilogue: string): Promise<string> =>
  yargs([])
    .usage(usage)
    .options(options)
    .help(false)
    .version(false)
    .updateStrings({ 'Options:': 'Options:' })
    .epilogue(epilogue)
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .getHelp();

const examplesText = (examples: CommandEntry['examples']): string => `Examples:\n${columns(examples)}`;

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
};
