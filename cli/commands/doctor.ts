/** `memtrace doctor`: what will be traced of a program, what not, why, and what to do about it. */
import { type Stats, statSync } from 'node:fs';
import { examine, type Finding, inspect, lookAround, type Verdict } from '../../daemon/doctor/examine.js';
import { installedFile } from '../../daemon/installed.js';
import { DOCTOR_SCHEMA, type Examination } from '../../proto/doctor.js';
import { MemtraceError, usageError } from '../../views/error.js';
import { clean, named } from '../../views/text.js';
import type { Command, Given } from '../command.js';
import { type Io, writeLines } from '../print/io.js';

const LAUNCHER = installedFile('bin/memtrace');

const run = ({ options, words }: Given, io: Io): number => {
  const [program] = words;
  if (program === undefined)
    throw usageError('no program was named', 'There is nothing to examine.', 'memtrace doctor ./server');
  const verdict = inspect(LAUNCHER, program);
  if (!verdict) throw notFound(program);
  const findings = examine(verdict, lookAround());
  if (options.json === true) io.stdout.write(`${JSON.stringify(jsonOf(verdict, findings), null, 2)}\n`);
  else writeLines(io.stdout, findings.flatMap(linesOf));
  return findings.some(({ weight }) => weight === 'no') ? 1 : 0;
};

const notFound = (program: string): MemtraceError => {
  const stat = statOf(program);
  if (stat && !program.includes('/'))
    return new MemtraceError({
      message: `cannot find ${program}`,
      why: 'There is no such command in PATH.',
      remedy: `The one in this folder is ./${program}`,
    });
  if (stat?.isDirectory())
    return new MemtraceError({
      message: `cannot run ${program}`,
      why: 'It is a folder.',
      remedy: 'Give the path of a program in it.',
    });
  if (stat)
    return new MemtraceError({
      message: `cannot run ${program}`,
      why: 'It is not executable.',
      remedy: `If it is a program: chmod +x ${program}`,
    });
  return new MemtraceError({
    message: `cannot find ${named(program)}`,
    why: 'There is no such file, and no such command in PATH.',
    remedy: 'Give the path of the program.',
  });
};

/** Undefined also for what cannot be looked at: a name too long, a folder of somebody else's. */
const statOf = (path: string): Stats | undefined => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
};

export const command: Command = {
  options: { json: { type: 'boolean', default: false, describe: 'print JSON instead of text' } },
  mostWords: 1,
  run,
};

const jsonOf = (verdict: Verdict, findings: readonly Finding[]): Examination => ({
  schema: DOCTOR_SCHEMA,
  program: verdict.path,
  traced: verdict.traced,
  findings,
});

const linesOf = ({ weight, topic, text, remedy }: Finding): readonly string[] => [
  `${weight.padEnd(4)}  ${topic.padEnd(13)}  ${clean(text)}`,
  ...(remedy ? [`${' '.repeat(21)}try: ${clean(remedy)}`] : []),
];
