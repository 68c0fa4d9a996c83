/** `memtrace doctor`: what will be traced of a program, what not, why, and what to do about it. */
import { examine, type Finding, inspect, lookAround, type Verdict } from '../../daemon/doctor/examine.js';
import { installedFile } from '../../daemon/installed.js';
import { MemtraceError, usageError } from '../../views/error.js';
import { type Io, writeLines } from '../print/io.js';
import type { Command, Given } from '../table.js';

const LAUNCHER = installedFile('bin/memtrace');

const run = ({ options, words }: Given, io: Io): number => {
  const [program] = words;
  if (program === undefined)
    throw usageError('no program was named', 'There is nothing to examine.', 'memtrace doctor ./server');
  const verdict = inspect(LAUNCHER, program);
  if (!verdict)
    throw new MemtraceError({
      message: `cannot find ${program}`,
      why: 'There is no such file, and no such command in PATH.',
      remedy: 'Give the path of the program.',
      exitCode: 1,
    });
  const findings = examine(verdict, lookAround());
  if (options.json === true) io.stdout.write(`${JSON.stringify(jsonOf(verdict, findings), null, 2)}\n`);
  else writeLines(io.stdout, findings.flatMap(linesOf));
  return findings.some(({ weight }) => weight === 'no') ? 1 : 0;
};

export const command: Command = {
  options: { json: { type: 'boolean', default: false, describe: 'print JSON instead of text' } },
  mostWords: 1,
  run,
};

const jsonOf = (verdict: Verdict, findings: readonly Finding[]): object => ({
  schema: 'memtrace.doctor/1',
  program: verdict.path,
  traced: verdict.traced,
  findings,
});

const linesOf = ({ weight, topic, text, remedy }: Finding): readonly string[] => [
  `${weight.padEnd(4)}  ${topic.padEnd(13)}  ${text}`,
  ...(remedy ? [`${' '.repeat(21)}try: ${remedy}`] : []),
];
