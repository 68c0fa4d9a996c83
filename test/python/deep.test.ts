/** Stacks of thousands of Python frames: whole up to 4,096, right as far as they go beyond, however calls come and go. */
import test from 'ava';
import { SLOW } from '../where.js';
import { interpreters, type LiveBlock, scriptPath, traceUntilEnd } from './support.js';

/** Always whole; always kept of a deeper one. */
const WHOLE = 4096;
const FEWEST = 256;

interface Call {
  readonly caller: number | null;
  readonly lineInCaller: number | null;
}

interface Kept {
  readonly address: number;
  /** The lines of all calls, innermost first. */
  readonly lines: readonly number[];
}

const keptOf = (printed: readonly string[]): readonly Kept[] => {
  const calls: Call[] = [];
  const kept: Kept[] = [];
  for (const row of printed) {
    const [caller, lineInCaller, first, firstLine, last, lastLine] = JSON.parse(row);
    calls.push({ caller, lineInCaller });
    const outer = first || last ? outerLines(calls) : [];
    if (first) kept.push({ address: first, lines: [firstLine, ...outer] });
    if (last) kept.push({ address: last, lines: [lastLine, ...outer] });
  }
  return kept;
};

/** The lines that the last call was made from. */
const outerLines = (calls: readonly Call[]): readonly number[] => {
  const lines: number[] = [];
  let { caller, lineInCaller } = calls[calls.length - 1];
  while (caller !== null && lineInCaller !== null) {
    lines.push(lineInCaller);
    ({ caller, lineInCaller } = calls[caller]);
  }
  return lines;
};

/** Without the frames of threading.py, which lie outside. */
const linesOf = (block: LiveBlock): readonly (number | null)[] =>
  block.frames.filter(({ file }) => file === scriptPath('deep.py')).map(({ line }) => line);

const compare = async (python: string, depth: number) => {
  const { lines, blocks, truncated, lost } = await traceUntilEnd([
    python,
    scriptPath('deep.py'),
    String(depth),
  ]);
  const result = { whole: 0, cut: 0, truncated, lost, wrong: [] as string[] };
  for (const { address, lines: expected } of keptOf(lines)) {
    const block = blocks.get(address);
    const found = block ? linesOf(block) : [];
    const isWhole = found.length === expected.length;
    const isEnough = isWhole || (expected.length > WHOLE - 3 && found.length >= FEWEST);
    if (!isEnough || found.some((line, at) => line !== expected[at]))
      result.wrong.push(`${expected.length} calls, ${found.length} found`);
    else if (isWhole) result.whole += 1;
    else result.cut += 1;
  }
  return result;
};

const found = interpreters().toSorted((a, b) => a.minor - b.minor);
const tried = SLOW ? found : found.slice(-1);

for (const { path, version } of tried) {
  test.serial(`a stack of 4,096 frames is whole under Python ${version}`, async (t) => {
    const { whole, cut, truncated, lost, wrong } = await compare(path, WHOLE - 10);
    t.deepEqual(wrong.slice(0, 5), []);
    t.true(whole > 400);
    t.deepEqual({ cut, truncated, lost }, { cut: 0, truncated: 0, lost: 0 });
  });

  test.serial(
    `a stack of 9,000 frames is cut, marked, and right as far as it goes under Python ${version}`,
    async (t) => {
      const { whole, cut, truncated, lost, wrong } = await compare(path, 9000);
      t.deepEqual(wrong.slice(0, 5), []);
      t.true(whole > 400);
      t.true(cut > 400);
      t.true(truncated >= cut);
      t.is(lost, 0);
    },
  );
}
