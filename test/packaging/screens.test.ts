/** The screens in the README are those of docs/screens.md, to the letter. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from '../places.js';

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const screensIn = (path: string): readonly string[] =>
  [...textOf(path).matchAll(/^```\n(.*?)^```$/gms)]
    .map(([, block = '']) => block)
    .filter((block) => /^lost 0 {3}unknown 0/m.test(block));

test('the README shows the same screens as docs/screens.md', (t) => {
  const known = screensIn('docs/screens.md');
  const shown = screensIn('README.md');
  t.true(shown.length >= 2);
  for (const screen of shown) t.true(known.includes(screen), screen);
});
