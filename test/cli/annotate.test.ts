/** `memtrace annotate`: a source file with figures, and what becomes of it where the file is not what it was. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type AnnotateArguments, annotateCommand } from '../../cli/commands/annotate.js';
import type { Io } from '../../cli/print/io.js';
import { wholeText } from '../../daemon/snapshot/text.js';
import type { Annotation } from '../../proto/snapshot.js';
import type { Recording } from '../../views/profile.js';
import { width } from '../../views/text.js';
import { newFolder } from '../folders.js';
import { snapshotOf } from '../views/build.js';
import { capture, golden } from './golden.js';

const FILE = 'test/fixtures/snapshots/before.json';
const DEFAULTS = { kind: 'heap', inclusive: false, json: false } as const;

const annotate = (
  place: string,
  given: Partial<AnnotateArguments> = {},
  file = FILE,
  terminal: Partial<Io> = {},
) => {
  const { run, out, err } = capture(terminal);
  return {
    code: run((io) => annotateCommand({ ...DEFAULTS, words: [place, file], ...given }, io)),
    out: out(),
    err: err(),
  };
};

const PROGRAM = `#include <stdlib.h>

static void *make(size_t size)
{
\tvoid *block = malloc(size);

\treturn block;
}

/* the caller */
int main(void) {
  make(10);
}
`;

/** A program of two functions, its source and its snapshot in a folder of their own. */
const withProgram = (
  text: string | Buffer,
  keep: (lines: readonly string[]) => readonly number[],
): { readonly source: string; readonly file: string } => {
  const folder = newFolder();
  const source = join(folder, 'app.c');
  const file = join(folder, 'a.json');
  const lines = text.toString('utf8').split('\n');
  const snapshot: Recording = {
    ...snapshotOf([
      {
        stack: [`app!main@${source}:12`, `app!make@${source}:5`, 'libc.so.6!malloc'],
        bytes: 1000,
        blocks: 10,
      },
      { stack: [`app!main@${source}:12`, 'libc.so.6!malloc'], bytes: 30, blocks: 1 },
    ]),
    sources: { [source]: keep(lines).map((line) => ({ line, text: lines[line - 1] })) },
  };
  writeFileSync(source, text);
  writeFileSync(file, wholeText(snapshot));
  return { source, file };
};

const linesWithFigures = (out: string): readonly (readonly [number, number])[] => {
  const { lines }: Annotation = JSON.parse(out);
  return lines.flatMap(({ line, counters }) => (counters ? [[line, counters.liveBytes] as const] : []));
};

test('a file that is not here is shown as far as the snapshot has kept it', (t) => {
  const { code, out, err } = annotate('server.cpp');
  t.deepEqual([code, err], [0, '']);
  golden(t, 'annotate', out);
  golden(t, 'annotate-inclusive', annotate('server.cpp', { inclusive: true, context: 0 }).out);
});

test('a whole file is shown with the figures of its lines', (t) => {
  const { source, file } = withProgram(PROGRAM, () => [5, 12]);
  const { out } = annotate('app.c', {}, file, { cwd: source.replace('/app.c', '') });
  golden(t, 'annotate-file', out);
});

test('a function is shown from its head to its end, under whatever part of its name', (t) => {
  const { source, file } = withProgram(PROGRAM, () => [5, 12]);
  const shown = (name: string) => {
    const { lines }: Annotation = JSON.parse(annotate(`${source}:${name}`, { json: true }, file).out);
    return [lines[0]?.line, lines.at(-1)?.line];
  };
  t.deepEqual(shown('make'), [3, 8]);
  t.deepEqual(shown('main'), [11, 13]);
  const named = (name: string) => annotate(`server.cpp:${name}`, { json: true });
  for (const name of ['Cache::insert', 'insert', 'Cache::insert(std::string const&)'])
    t.deepEqual(linesWithFigures(named(name).out), [[17, 500000]]);
});

test('a line has what it answers for; inclusive, also what its calls allocate', (t) => {
  const { source, file } = withProgram(PROGRAM, () => [5, 12]);
  const of = (inclusive: boolean) => annotate(source, { json: true, inclusive }, file).out;
  t.deepEqual(linesWithFigures(of(false)), [
    [5, 1000],
    [12, 30],
  ]);
  t.deepEqual(linesWithFigures(of(true)), [
    [5, 1000],
    [12, 1030],
  ]);
  t.is(JSON.parse(of(true)).sum.liveBytes, 1030);
});

test('a file that has changed since is not shown with the figures of other lines', (t) => {
  const { source, file } = withProgram(PROGRAM, () => [5, 12]);
  writeFileSync(source, `/* a new line */\n${PROGRAM}`);
  const { lines, notes }: Annotation = JSON.parse(annotate(source, { json: true }, file).out);
  t.deepEqual(
    lines.map(({ line, text }) => [line, text?.trim()]),
    [
      [5, 'void *block = malloc(size);'],
      [12, 'make(10);'],
    ],
  );
  t.regex(notes.join(), /has changed since/);
});

test('a source that is no UTF-8 has its letters, and no control character reaches the terminal', (t) => {
  const latin = Buffer.from(PROGRAM.replace('the caller', 'der Gr\u00f6\u00dfte \u001b[31m'), 'latin1');
  const { source, file } = withProgram(latin, () => [5, 10, 12]);
  const { out } = annotate(source, {}, file);
  t.true(out.includes('der Größte \\x1b[31m'), out);
  t.false(out.includes('has changed'));
});

test('windows line ends are no part of a line', (t) => {
  const { source, file } = withProgram(PROGRAM.replaceAll('\n', '\r\n'), () => []);
  t.false(annotate(source, {}, file).out.includes('\\x0d'));
});

test('nothing is wider than the terminal', (t) => {
  const terminal = { isTTY: true, columns: 70, env: { NO_COLOR: '1', LANG: 'C.UTF-8' } };
  for (const line of annotate('server.cpp', { inclusive: true }, FILE, terminal).out.split('\n'))
    t.true(width(line) <= 70, line);
});

test('a file or function that is not there: the nearest ones, exit code 1', (t) => {
  const file = annotate('servre.cpp:main');
  t.is(file.code, 1);
  t.regex(file.err, /servre\.cpp:main is not in the snapshot\n {2}why: .*\n {2}try: .*src\/server\.cpp/);
  const name = annotate('server.cpp:pasre');
  t.is(name.code, 1);
  t.regex(name.err, /function pasre of .*\n {2}why: .*\n {2}try: The nearest are .*\bparse\b/);
});

test('a name of two files says which, and their paths tell them apart', (t) => {
  const { file } = withProgram(PROGRAM, () => []);
  const two = snapshotOf([
    { stack: ['app!main@/a/x/main.c:1'], bytes: 1 },
    { stack: ['app!main@/a/y/main.c:1'], bytes: 2 },
  ]);
  writeFileSync(file, wholeText(two));
  const both = annotate('main.c', {}, file);
  t.is(both.code, 1);
  t.regex(both.err, /more than one file\n {2}why: .*\/a\/x\/main\.c, \/a\/y\/main\.c/);
  t.deepEqual(linesWithFigures(annotate('y/main.c', { json: true }, file).out), [[1, 2]]);
});

test('what allocates only in its calls says how to see it', (t) => {
  const { source, file } = withProgram(PROGRAM, () => []);
  const outer = snapshotOf([{ stack: [`app!main@${source}:12`, 'app!make@/x/lib.c:3'], bytes: 8 }]);
  writeFileSync(file, wholeText(outer));
  t.regex(annotate(source, {}, file).out, /none of these lines allocates by itself; --inclusive/);
});

test('wrong usage', (t) => {
  const tooFew = annotate('server.cpp', { words: ['server.cpp'] });
  t.is(tooFew.code, 2);
  t.regex(tooFew.err, /not 1 word\n/);
  for (const context of [-1, 0.5, Number.NaN]) t.is(annotate('server.cpp', { context }).code, 2);
  t.is(annotate('server.cpp', {}, 'package.json').code, 1);
});

test('on a narrow terminal the source is seen: figures make way for it, the least important first', (t) => {
  const { source, file } = withProgram(PROGRAM, () => [5, 12]);
  const at = (columns: number) =>
    annotate('app.c', {}, file, {
      cwd: source.replace('/app.c', ''),
      isTTY: true,
      columns,
      env: { NO_COLOR: '1', LANG: 'C.UTF-8' },
    }).out;
  for (const [columns, title] of [
    [40, /^ +live +line$/m],
    [60, /^ +live +blocks +line$/m],
    [80, /^ +live +blocks +at peak +total +line$/m],
    [100, /^ +live +blocks +at peak +total +allocations +line$/m],
  ] as const) {
    t.regex(at(columns), title);
    t.regex(at(columns), / 5 {6}void \*block = m/);
    t.true(
      at(columns)
        .split('\n')
        .every((line) => width(line) <= columns),
    );
  }
});
