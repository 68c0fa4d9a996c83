/** Help: examples first, then the options, laid out by yargs from the same tables that the parser reads. */
import yargs from 'yargs';
import type { Command, OptionTable } from './command.js';
import { COMMON_OPTIONS } from './parse.js';
import type { CommandEntry } from './table.js';

/** @returns the text of `memtrace --help` */
export const overallHelp = async (commands: Readonly<Record<string, CommandEntry>>): Promise<string> =>
  sections([
    "memtrace shows where a program's memory comes from, while it runs.",
    examples([
      ['memtrace run -- ./program arguments', 'run it, then show where its memory came from'],
      ['memtrace top', 'look at it while it runs'],
      ['memtrace dump --diff a.json b.json', 'what grew between two snapshots'],
    ]),
    `Commands:\n${columns(Object.entries(commands).map(([name, { describe }]) => [name, describe]))}`,
    await optionsText({}),
    'memtrace COMMAND --help says more.',
  ]);

/** @returns the text of `memtrace NAME --help` */
export const commandHelp = async (name: string, entry: CommandEntry, command: Command): Promise<string> =>
  sections([
    `memtrace ${name} ${entry.usage}\n  ${entry.describe}`,
    examples(entry.examples),
    await optionsText(command.options),
    command.endsAtWord ? "Options end at the first word that is none: the rest is the program's." : '',
  ]);

const sections = (texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n\n');

/** yargs has its own idea of --help and --version: they get the names without the meaning. */
const optionsText = (options: OptionTable): Promise<string> =>
  yargs([])
    .options(options)
    .option('verbose', COMMON_OPTIONS.verbose)
    .help('help', COMMON_OPTIONS.help.describe)
    .alias('help', COMMON_OPTIONS.help.alias)
    .version('version', COMMON_OPTIONS.version.describe, '')
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .getHelp();

const examples = (rows: CommandEntry['examples']): string => `Examples:\n${columns(rows)}`;

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
};
