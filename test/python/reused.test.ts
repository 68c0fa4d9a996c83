/** Objects in blocks that the interpreter had kept from dead ones, from Python 3.13 on. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { where } from '../where.js';
import { havingFile, headersOf, inFolder, interpreters, scriptPath, traceUntilEnd } from './support.js';

const telling = interpreters().filter(({ minor }) => minor >= 13);
const script = scriptPath('reused.py');
const LINES = readFileSync(script, 'utf8').split('\n');
/** The line of `second` that makes objects of a type. */
const lineOf = (text: string): number => LINES.findIndex((line) => line.includes(`keep.extend([${text}`)) + 1;
const MADE_AT: Readonly<Record<string, number>> = {
  list: lineOf('[i]'),
  float: lineOf('i * 1.5'),
  tuple: lineOf('(i, i)'),
  dict: lineOf('{}'),
};
const COLLECTORS_HEADER = 16;

for (const each of telling) {
  const { version, path } = each;
  test.serial(
    `what Python ${version} makes of kept blocks stands at the line that made it last`,
    async (t) => {
      const { lines, blocks } = await traceUntilEnd([path, script]);
      const wrong = lines.slice(1).filter((line) => {
        const [address, type] = line.split(' ');
        const block = blocks.get(Number(address)) ?? blocks.get(Number(address) - COLLECTORS_HEADER);
        return block?.frames[0]?.line !== MADE_AT[type];
      });
      t.is(lines.length, 201);
      t.deepEqual(wrong, []);
    },
  );

  where(havingFile(join(headersOf(each), 'Python.h'))).serial(
    `a tracer of the program's own sees of Python ${version} what it saw before`,
    async (t) => {
      await inFolder(async (folder) => {
        const library = join(folder, 'tracer.so');
        const source = scriptPath('tracer.c');
        execFileSync('cc', ['-shared', '-fPIC', '-I', headersOf(each), source, '-o', library]);
        const bare = execFileSync(path, [script, library], { encoding: 'utf8', input: '\n' });
        const { lines } = await traceUntilEnd([path, script, library]);
        t.is(Number(lines[0]), Number(bare.split('\n')[0]));
        t.true(Number(lines[0]) >= 200);
      });
    },
  );
}

test('the lines that the script makes its objects at are found in it', (t) => {
  t.true(Object.values(MADE_AT).every((line) => line > 0));
});
