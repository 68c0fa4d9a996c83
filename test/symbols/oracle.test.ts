/**
 * Every line and every inlined call is what `addr2line -afiC` says, on call sites of real programs.
 * Lines and the length of inline chains must be equal; names may be spelled otherwise.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openSymbolizer, type SymbolFrame } from '../../daemon/symbols/symbolizer.js';
import { installed, where } from '../where.js';
import { lineTable } from './lineTable.js';
import {
  addr2line,
  build,
  buildIdOf,
  callSites,
  moduleRef,
  type OracleFrame,
  run,
  sourceOf,
  temporaryFolder,
} from './support.js';

/** The kinds of difference that are understood; anything else fails the test. */
type Difference =
  /** no debug information there: addr2line names the nearest symbol, however far; we say nothing */
  | 'addr2line guesses a neighbour'
  /** neither knows a line: code without debug information, such as crt1.o and the PLT */
  | 'no line, other name'
  /** addr2line names the main file of the unit with a header's line number; the line table itself says ours */
  | "addr2line names the unit's file"
  /** the symbol table's alias (`__GI_x`, `x.part.0`) or another spelling of the same template */
  | 'name spelled otherwise'
  | 'UNEXPLAINED';

/** The last part of a name, without scopes, arguments, template arguments and clone suffixes. */
const innerName = (name: string | null): string => {
  let rest = (name ?? '')
    .replace(/ \[clone .*$/, '')
    .replace(/operator(?:\(\)|<<|<=>|<=|<|->|>>|>=|>)/, 'operator')
    .replace(/\.(?:isra|part|cold|constprop|lto_priv)\b.*$/, '');
  for (let before = ''; before !== rest; ) {
    before = rest;
    rest = rest.replace(/<[^<>]*>|\([^()]*\)|\{[^{}]*\}|\[[^[\]]*\]/g, '');
  }
  return rest
    .trim()
    .replace(/ const$/, '')
    .replace(/^.*[ :]/, '')
    .replace(/^(?:__GI_|__libc_|_)+/, '');
};

const hasLine = (frames: readonly OracleFrame[]): boolean => frames.some(({ line }) => line !== null);

const samePlace = (ours: OracleFrame | undefined, theirs: OracleFrame | undefined): boolean =>
  ours?.line === theirs?.line && (!ours?.line || basename(ours.file ?? '') === basename(theirs?.file ?? ''));

const differenceOf = (
  ours: readonly SymbolFrame[],
  theirs: readonly OracleFrame[],
  confirmed: (file: string, line: number) => boolean,
): Difference | null => {
  if (!hasLine(ours) && !hasLine(theirs)) {
    if ((ours[0]?.function ?? null) === (theirs[0]?.function ?? null)) return null;
    return ours.length === 0 || ours[0]?.function === null
      ? 'addr2line guesses a neighbour'
      : 'no line, other name';
  }
  const [innermost] = ours;
  if (ours.length !== theirs.length || !ours.every((frame, i) => i === 0 || samePlace(frame, theirs[i])))
    return 'UNEXPLAINED';
  if (!samePlace(innermost, theirs[0])) {
    const sameLine = innermost?.line === theirs[0]?.line;
    const ourFile = basename(innermost?.file ?? '');
    return sameLine && confirmed(ourFile, innermost?.line ?? 0)
      ? "addr2line names the unit's file"
      : 'UNEXPLAINED';
  }
  return ours.every((frame, i) => frame.function === theirs[i]?.function) ? null : 'name spelled otherwise';
};

const show = (frames: readonly OracleFrame[]): string =>
  frames.map((frame) => `${frame.function} ${basename(frame.file ?? '?')}:${frame.line}`).join(' < ');

const compare = async (t: ExecutionContext, program: string, debugFile = program): Promise<void> => {
  const addresses = callSites(program, 2000);
  t.true(addresses.length >= 1000, `${addresses.length} call sites`);
  const symbolizer = openSymbolizer();
  t.teardown(() => symbolizer.close());
  const ours = await symbolizer.lookup(moduleRef(program), addresses);
  const theirs = addr2line(program, addresses);
  t.is(theirs.length, addresses.length);
  const table = lineTable(debugFile);
  const counts = new Map<Difference, number>();
  const examples = new Map<Difference, string[]>();
  let withLines = 0;
  let namedAlike = 0;
  let named = 0;
  ours.forEach((frames, i) => {
    const other = theirs[i] ?? [];
    if (hasLine(frames)) withLines++;
    frames.forEach((frame, depth) => {
      t.is(frame.inlined, depth < frames.length - 1);
      if (!hasLine(frames)) return;
      named++;
      if (innerName(frame.function) === innerName(other[depth]?.function ?? null)) namedAlike++;
    });
    const difference = differenceOf(frames, other, (file, line) => table(addresses[i] ?? 0, file, line));
    if (!difference) return;
    counts.set(difference, (counts.get(difference) ?? 0) + 1);
    const some = examples.get(difference) ?? [];
    if (some.length < 5)
      some.push(`${addresses[i]?.toString(16)}\n   ours   ${show(frames)}\n   theirs ${show(other)}`);
    examples.set(difference, some);
  });
  t.log(`${addresses.length} addresses, ${withLines} with lines, ${named} frames, ${namedAlike} named alike`);
  for (const [difference, count] of counts) t.log(`${count} ${difference}`);
  if (process.env.SYMBOLS_SHOW) for (const [difference, some] of examples) t.log(difference, some.join('\n'));
  t.is(counts.get('UNEXPLAINED') ?? 0, 0, (examples.get('UNEXPLAINED') ?? []).join('\n'));
  t.true(namedAlike >= 0.97 * named, `${namedAlike} of ${named} frames have the same name`);
};

test('a C++ program sees the lines and inlined calls that addr2line sees', async (t) => {
  await compare(t, build(temporaryFolder(t), 'deep.cpp', '-O2'));
});

test('a C++ program with older, compressed debug information sees the same lines as in addr2line', async (t) => {
  await compare(t, build(temporaryFolder(t), 'deep.cpp', '-O1', '-gdwarf-4', '-gz=zlib'));
});

test('a fixed-address program linked from unused parts sees the same lines as in addr2line', async (t) => {
  const flags = ['-O3', '-no-pie', '-ffunction-sections', '-Wl,--gc-sections'];
  await compare(t, build(temporaryFolder(t), 'deep.cpp', ...flags));
});

where(installed('rustc'))(
  'a Rust program sees the lines and inlined calls that addr2line sees',
  async (t) => {
    const program = `${temporaryFolder(t)}/crate`;
    run('rustc', '-g', '-O', '-C', 'link-arg=-Wl,--build-id', '-o', program, sourceOf('crate.rs'));
    await compare(t, program);
  },
);

const libc = '/lib/x86_64-linux-gnu/libc.so.6';
const libcId = existsSync(libc) ? buildIdOf(libc) : '';
const libcDebug = `/usr/lib/debug/.build-id/${libcId.slice(0, 2)}/${libcId.slice(2)}.debug`;
where({ what: 'libc6-dbg', isThere: existsSync(libcDebug) })(
  'libc has the lines of its separate debug file, as in addr2line',
  async (t) => {
    await compare(t, libc, libcDebug);
  },
);
