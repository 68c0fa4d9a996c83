/** What a command line means, where the parser's own habits would surprise. */
import test from 'ava';
import type { OptionTable } from '../../cli/command.js';
import { parse } from '../../cli/parse.js';

const options: OptionTable = {
  quiet: { alias: 'q', type: 'boolean', default: false },
  force: { alias: 'f', type: 'boolean', default: false },
  output: { alias: 'o', type: 'string', canBeNone: true },
  filter: { type: 'string' },
  by: { choices: ['line', 'stack'], default: 'line' },
  limit: { type: 'number', default: 20 },
};
const words = (...args: readonly string[]) => parse('run', { options, endsAtWord: true }, args).words;
const given = (...args: readonly string[]) => parse('report', { options }, args).options;
const wrong =
  (...args: readonly string[]) =>
  () =>
    parse('report', { options }, args);

test('a program may be called true or false', (t) => {
  for (const args of [['-q'], ['--quiet'], ['-qf'], ['-fq', '-v'], ['--no-output'], ['-o', 'true', '-q'], []])
    t.deepEqual(words(...args, 'true', '-q', 'false'), ['true', '-q', 'false'], args.join(' '));
  t.deepEqual(words('-q', '--', 'true'), ['true']);
  t.is(given('--quiet', 'true').quiet, true);
  t.is(given('--quiet=false').quiet, false);
});

test('of a number that is given twice the last one counts', (t) => {
  t.is(given('--limit', '2', '--limit', '1').limit, 1);
  t.is(given().limit, 20);
});

test('an option without its value is wrong, not left at its default', (t) => {
  for (const args of [['--limit'], ['--limit='], ['--limit', 'x'], ['--by'], ['--by', 'x'], ['-o', '']])
    t.throws(wrong(...args), undefined, args.join(' '));
});

test('standard output is named by a dash behind the long name, too', (t) => {
  for (const args of [['-o', '-'], ['--output', '-'], ['--output=-'], ['-q', '--output', '-', '-f']])
    t.is(given(...args).output, '-', args.join(' '));
  t.deepEqual(words('--output', '-', 'ls', '-'), ['ls', '-']);
});

test('a value may stand behind its letter, as for most programs', (t) => {
  t.like(given('-oq.json'), { output: 'q.json', quiet: false });
  t.like(given('-qfoq.json', 'a'), { output: 'q.json', quiet: true, force: true });
  t.is(given('-o-').output, '-');
  t.is(given('-o=q.json').output, 'q.json');
  t.is(given('-oa=b.json').output, 'a=b.json');
  t.deepEqual(words('-qotrue', 'true', '-oq'), ['true', '-oq']);
  t.is(parse('run', { options, endsAtWord: true }, ['-qoq.json', 'true', 'x']).wordsAt, 1);
});

test('only what can be none can be told not to be', (t) => {
  t.is(given('--no-output').output, false);
  t.is(given('--no-quiet').quiet, false);
  for (const name of ['--no-by', '--no-limit', '--no-filter'])
    t.throws(wrong(name), { message: /needs a value|unknown option/ }, name);
});

test('an option that is given a value and told to be none is known as such; the last one counts', (t) => {
  const parsed = (...args: readonly string[]) => parse('run', { options, endsAtWord: true }, args);
  t.is(parsed('-o', 'a.json', '--no-output').options.output, false);
  t.is(parsed('--no-output', '-qoa.json').options.output, 'a.json');
  t.true(parsed('-o', 'a.json', '--no-output').contradicted.has('output'));
  t.true(parsed('--no-output', '-oa', '-ob').contradicted.has('output'));
  for (const args of [
    ['-oa', '-ob'],
    ['--no-output', '--no-output'],
    ['-q', '--no-quiet'],
    ['-oa', 'x', '--no-output'],
  ])
    t.is(parsed(...args).contradicted.size, 0, args.join(' '));
});

test('a number is decimal, and no name of JavaScript is an option', (t) => {
  for (const number of [' ', '0x10', '1e3', '1e400', 'NaN', '1,5'])
    t.throws(wrong('--limit', number), { message: /--limit needs a whole number in digits/ }, number);
  for (const name of ['--constructor', '--toString', '--__proto__']) t.throws(wrong(name), undefined, name);
});

test('a value that nothing takes is wrong', (t) => {
  t.throws(wrong('--quiet=a.json'), { message: /--quiet takes no value/ });
  t.throws(() => parse('ls', { options, mostWords: 0 }, ['extra']), { message: /what is extra for/ });
});
