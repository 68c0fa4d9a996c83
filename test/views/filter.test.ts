/** The filter language: what matches, and where a mistake is pointed at. */
import test from 'ava';
import { type Filter, type Named, parseFilter, pointAt, type Sized } from '../../views/filter.js';
import { emptySum } from '../../views/sites.js';

const filter = (text: string): Filter => {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.message}`);
  return parsed.filter;
};

const CACHE: Named = {
  function: 'Cache::insert(int)',
  file: '/src/cache.cpp',
  module: '/usr/lib/libfoo.so.1',
};
const MAIN: Named = { function: 'main', file: '/src/main.c', module: '/bin/app' };
const SCRIPT: Named = { function: 'load', file: 'load.py', module: null, language: 'python' };
const sized = (bytes: number, blocks = 1): Sized => ({ ...emptySum(), liveBytes: bytes, liveBlocks: blocks });

const names = (text: string, ...frames: readonly Named[]) => filter(text).matchesNames(frames);
const figures = (text: string, row: Sized) => filter(text).matchesFigures(row);

test('text is looked for in functions, files and modules, whatever its case', (t) => {
  for (const text of ['cache', 'INSERT', 'cache.cpp', 'libfoo', '/src/cache', 'std', '']) {
    t.is(names(text, CACHE), text !== 'std', text);
  }
  t.true(names('"cache::insert(int)"', CACHE));
  t.true(names('Cache::insert', CACHE));
});

test('terms stand side by side: all of them must hold', (t) => {
  t.true(names('cache libfoo', CACHE));
  t.false(names('cache libbar', CACHE));
  t.true(names('cache !libbar', CACHE));
  t.false(names('!cache', CACHE));
  t.true(names('!!cache', CACHE));
});

test('of a stack any frame may match; not means none of them', (t) => {
  t.true(names('main cache', CACHE, MAIN));
  t.false(names('!main', CACHE, MAIN));
  t.true(names('!libbar', CACHE, MAIN));
});

test('a key looks into one kind of name only', (t) => {
  t.true(names('module:libfoo', CACHE));
  t.false(names('module:cache', CACHE));
  t.true(names('file:cache fn:insert function:"cache::insert"', CACHE));
  t.true(names('module:/foo\\.so/', CACHE));
  t.true(names('lang:python', SCRIPT));
  t.false(names('lang:python', CACHE));
  t.true(names('lang:native', CACHE));
});

test('expressions: as they are written, or without regard to case', (t) => {
  t.true(names('/^Cache::/', CACHE));
  t.false(names('/^cache::/', CACHE));
  t.true(names('/^cache::/i', CACHE));
  t.true(names('/insert\\(|a b/', CACHE));
});

test('an expression that goes back and forth in others takes no time: a client cannot hold the daemon', (t) => {
  const name = { ...CACHE, function: `${'a'.repeat(3000)}!` };
  t.false(names('/^(a+)+$/', name));
  t.true(names('/^(a|aa|a*)+!$/', name));
});

test('sizes are binary, counts decimal', (t) => {
  t.true(figures('size>1m', sized(1024 * 1024 + 1)));
  t.false(figures('size>1m', sized(1024 * 1024)));
  t.true(figures('size>=1MiB size<=1m size=1024k', sized(1024 * 1024)));
  t.true(figures('!size>1m', sized(5)));
  t.true(figures('blocks>=1k', sized(5, 1000)));
  t.true(figures('growth<-1k', { ...sized(5), grownBytes: -1025 }));
  t.false(figures('growth>0', sized(5)));
});

test('what C++ calls its functions is no mistake', (t) => {
  const vector: Named = { function: 'std::vector<int>::operator=(x)', file: null, module: null };
  for (const text of ['std::vector', 'vector<int>', 'operator=(x)']) t.true(names(text, vector), text);
});

for (const [text, marks, message] of [
  ['cache modul:foo', '      ^^^^^^', /no modul:, did you mean module:/],
  ['size>1q', '     ^^', /1q is not a size/],
  ['size>', '^^^^^', /needs a size/],
  ['siez>1m', '^^^^', /did you mean size/],
  ['blocks>1.5m', '       ^^^^', /not a number/],
  ['a /b(/', '  ^^^^', /regular expression/],
  ['/(?<=a)b/', '^^^^^^^^^', /looking around/],
  ['x /(a)\\1/', '  ^^^^^^^', /back references/],
  ['a /b', '  ^^', /not closed/],
  ['"a b', '^^^^', /not closed/],
  ['cache !', '      ^', /nothing after !/],
  ['module:', '      ^', /needs a name/],
  ['lang:perl', '     ^^^^', /perl is not native or python/],
  ['thread:worker', '^^^^^^^', /Threads view/],
] as const)
  test(`a mistake is pointed at: ${text}`, (t) => {
    const parsed = parseFilter(text);
    if (parsed.ok) return t.fail();
    t.regex(parsed.fault.message, message);
    t.deepEqual(pointAt(text, parsed.fault), [text, marks]);
  });

test('whatever is typed, half or whole, is understood or pointed at within the text', (t) => {
  const whole = '!module:/a b/i "x y" size>=1.5m !blocks<3k std::f lang:python a:b /(/ growth>-1k';
  for (let from = 0; from < whole.length; from += 1)
    for (let to = from; to <= whole.length; to += 1) {
      const text = whole.slice(from, to);
      const parsed = parseFilter(text);
      if (parsed.ok) continue;
      const { at, length } = parsed.fault;
      if (at < 0 || length < 1 || at + length > text.length) t.fail(`${text}: ${at} ${length}`);
    }
  t.pass();
});

test('a tab or a line break separates terms as a blank does', (t) => {
  for (const text of ['cache\tsize>1k', '\tcache\n', 'size\t>\t1k'])
    t.true(names(text, CACHE) && figures(text, sized(2000)), JSON.stringify(text));
  t.false(parseFilter('cache !\t').ok);
});

test('a comparison with blanks in it is one term, not three words to look for', (t) => {
  for (const text of ['size > 1k', 'size >1k', 'size> 1k', 'size>1k']) {
    t.true(figures(text, sized(2000)), text);
    t.false(figures(text, sized(10)), text);
  }
  t.true(figures('size=1', sized(1)));
  t.false(figures('size=1', sized(2)));
  const parsed = parseFilter('siez > 1k');
  t.false(parsed.ok);
  if (!parsed.ok) t.like(parsed.fault, { at: 0, length: 4 });
});
