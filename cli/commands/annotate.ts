/** `memtrace annotate FILE[:function] a.json`: a source file with what its lines allocated. */
import type { KindFilter } from '../../proto/snapshot.js';
import {
  annotate,
  bareName,
  filesMeant,
  filesOf,
  functionsOf,
  isFunctionMeant,
} from '../../views/annotate.js';
import { MemtraceError, usageError } from '../../views/error.js';
import { baseName } from '../../views/names.js';
import { nearestOf } from '../../views/nearest.js';
import type { Recording } from '../../views/profile.js';
import { readSnapshot } from '../../views/read.js';
import { named } from '../../views/text.js';
import type { Command } from '../command.js';
import { annotationLines } from '../print/annotation.js';
import { type Io, writeLines } from '../print/io.js';
import { type ColourChoice, surfaceOf } from '../print/surface.js';
import { viewOptions } from './options.js';
import { sourceOfFile } from './sourceFile.js';

export interface AnnotateArguments {
  readonly words: readonly string[];
  readonly kind: KindFilter;
  readonly inclusive: boolean;
  /** Undefined for the whole file. */
  readonly context?: number;
  readonly json: boolean;
  readonly color?: ColourChoice;
}

/** @throws MemtraceError for what is not in the snapshot, or no snapshot, and for wrong usage */
export const annotateCommand = (given: AnnotateArguments, io: Io): number => {
  const [place, path, ...rest] = given.words;
  if (place === undefined || path === undefined || rest.length > 0)
    throw usageError(
      `annotate takes a source file and a snapshot, not ${given.words.length} word${given.words.length === 1 ? '' : 's'}`,
      'It shows one file, or one function of it.',
      'memtrace annotate src/server.c:handle a.json',
    );
  const { kind, context = Number.POSITIVE_INFINITY } = given;
  if (given.context !== undefined && !(Number.isInteger(context) && context >= 0))
    throw usageError(
      `--context ${context} makes no sense`,
      'It is a whole number of lines, 0 or more.',
      'Give --context 3, or leave it out for the whole file.',
    );
  const snapshot = readSnapshot(path);
  const { file, name } = placeMeant(snapshot, place, io.cwd);
  const count = given.inclusive ? 'inclusive' : 'self';
  const options = { file, function: name, kind, count, context } as const;
  const annotation = annotate(snapshot, sourceOfFile(snapshot, file), options);
  if (!annotation) throw noSuchFunction(snapshot, file, name ?? '');
  if (given.json) io.stdout.write(`${JSON.stringify(annotation, null, 2)}\n`);
  else writeLines(io.stdout, annotationLines(annotation, surfaceOf(io, given.color)));
  return 0;
};

/** A colon may be part of either name: the first that has a file before it divides them. */
const placeMeant = (
  snapshot: Recording,
  place: string,
  cwd: string,
): { readonly file: string; readonly name: string | null } => {
  const files = filesOf(snapshot);
  for (let end = place.length; end > 0; end = place.lastIndexOf(':', end - 1)) {
    const found = filesMeant(files, place.slice(0, end), cwd);
    if (found.length > 1) throw severalFiles(place, found);
    const rest = place.slice(end + 1);
    if (found.length === 1) return { file: found[0] ?? '', name: rest === '' ? null : rest };
  }
  throw noSuchFile(files, place);
};

const NAMES_SHOWN = 3;

const severalFiles = (typed: string, files: readonly string[]): MemtraceError =>
  new MemtraceError({
    message: `${typed} is more than one file`,
    why: `The snapshot has ${shownNames(files)}.`,
    remedy: 'Give more of its path.',
  });

const noSuchFile = (files: readonly string[], place: string): MemtraceError => {
  const name = baseName(place.replace(/:+[^/:]*$/, ''));
  const near = new Set(nearestOf(name, [...new Set(files.map(baseName))], NAMES_SHOWN));
  const close = [...near].flatMap((each) => files.filter((file) => baseName(file) === each));
  return new MemtraceError({
    message: `${named(place)} is not in the snapshot`,
    why:
      files.length === 0
        ? 'No stack in it has a source file: there was no debug information.'
        : 'No allocation came through a file of this name.',
    remedy:
      files.length === 0
        ? 'Build the program with -g and trace it again.'
        : `The nearest are ${shownNames(close)}.`,
  });
};

const noSuchFunction = (snapshot: Recording, file: string, name: string): MemtraceError => {
  const known = functionsOf(snapshot, file);
  const bareNames = [...new Set(known.map(bareName))];
  const near = nearestOf(name, bareNames, NAMES_SHOWN);
  return new MemtraceError({
    message: `no allocation came through a function ${name} of ${file}`,
    why: known.some((each) => isFunctionMeant(each, name))
      ? 'Its frames have no lines.'
      : 'No stack of the snapshot has it there.',
    remedy: `The nearest are ${shownNames(near)}.`,
  });
};

const shownNames = (names: readonly string[]): string =>
  names.slice(0, NAMES_SHOWN).join(', ') +
  (names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '');

export const command: Command = {
  options: {
    inclusive: {
      type: 'boolean',
      default: false,
      describe: 'also what is allocated in the calls that a line makes',
    },
    context: {
      type: 'number',
      describe: 'only so many lines around those that allocate [the whole file or function]',
    },
    kind: viewOptions.kind,
    json: { ...viewOptions.json, describe: 'print JSON instead of text' },
    color: viewOptions.color,
  },
  // The table has checked each value.
  run: ({ options, words }, io) => annotateCommand({ ...options, words } as unknown as AnnotateArguments, io),
};
