/** Every live object's traceback against tracemalloc's, which runs in the same process. */
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { type Need, SLOW, where } from '../where.js';
import { type Interpreter, interpreters, type LiveBlock, scriptPath, traceUntilEnd } from './support.js';

type Row = readonly [
  address: number,
  isCollected: boolean,
  type: string,
  frames: readonly (readonly [file: string, line: number])[],
];

/**
 * Objects of these types are taken from lists of free ones, without asking the allocator: before 3.13 the block still
 * belongs to whoever had it made. tracemalloc is told by the interpreter; no allocator can be (docs: limits). From 3.13
 * on the interpreter tells us, too.
 */
const RECYCLED_TYPES = new Set([
  ...['list', 'tuple', 'dict', 'float', 'frame', 'coroutine', 'async_generator_asend', 'Context'],
  ...['builtin_function_or_method', 'method'], // up to 3.8
]);

/** Where an object's block begins: before it lie the collector's header and, since 3.11, its dictionary. */
const blockOf = (blocks: ReadonlyMap<number, LiveBlock>, address: number, isCollected: boolean) =>
  (isCollected ? [16, 32, 24] : [0]).map((before) => blocks.get(address - before)).find((block) => block);

const recycledIn = ({ minor }: Interpreter): ReadonlySet<string> =>
  minor >= 13 ? new Set() : RECYCLED_TYPES;

const compare = async (
  interpreter: Interpreter,
  stacks?: 'native and python',
  script = 'stress.py',
  ...args: string[]
) => {
  const command = [interpreter.path, scriptPath(script), ...args];
  const { lines, blocks, lost, unknownFrees } = await traceUntilEnd(command, stacks);
  const result = {
    same: 0,
    withNative: 0,
    recycled: 0,
    different: [] as string[],
    missing: [] as string[],
    lost,
    unknownFrees,
  };
  const recycledTypes = recycledIn(interpreter);
  for (const line of lines.slice(1)) {
    const [address, isCollected, type, frames]: Row = JSON.parse(line);
    const block = blockOf(blocks, address, isCollected);
    // Where no Python code ran, the native stack is all there is (a frame object of a thread that begins).
    if (block?.isPython && block.frames.length > 0 && block.nativeFrames > 0) result.withNative += 1;
    const expected = frames.map(([file, at]) => `${file}:${at}`).join('\n');
    const found = block?.frames.map((frame) => `${frame.file}:${frame.line}`).join('\n');
    if (found === expected) result.same += 1;
    else if (recycledTypes.has(type)) result.recycled += 1;
    else if (found === undefined) result.missing.push(`${type} ${expected.slice(0, 200)}`);
    else
      result.different.push(`${type}\n  expected ${expected.slice(0, 300)}\n  found ${found.slice(0, 300)}`);
  }
  return result;
};

const found = interpreters();

for (const interpreter of found)
  test.serial(
    `every object has the traceback that Python ${interpreter.version} itself gives it`,
    async (t) => {
      const { same, withNative, recycled, different, missing, lost, unknownFrees } =
        await compare(interpreter);
      t.log(`${same} the same, ${recycled} recycled`);
      t.deepEqual(different.slice(0, 5), []);
      t.deepEqual(missing.slice(0, 5), []);
      t.true(same > 1000);
      t.deepEqual({ withNative, lost, unknownFrees }, { withNative: 0, lost: 0, unknownFrees: 0 });
    },
  );

const [first] = found;
if (first)
  test.serial(
    '--python-native adds native frames to the stacks of objects, and changes no Python frame',
    async (t) => {
      const { same, withNative, different, missing, lost } = await compare(first, 'native and python');
      t.deepEqual([different.slice(0, 5), missing.slice(0, 5), lost], [[], [], 0]);
      t.true(same > 1000);
      t.true(withNative > 1000);
    },
  );

const CODES = SLOW ? 200_000 : 20_000;
if (first)
  test.serial(
    'lines are right with tens of thousands of code objects at a time, and where new ones lie at the addresses of dead ones',
    async (t) => {
      const result = await compare(first, undefined, 'many_codes.py', String(CODES));
      t.deepEqual([result.different.slice(0, 5), result.missing.slice(0, 5), result.lost], [[], [], 0]);
      t.is(result.same, CODES / 20 + 12_000);
    },
  );

const greenletsOf = ({ path }: Interpreter): Need => ({
  what: 'greenlet',
  isThere: spawnSync(path, ['-c', 'import greenlet'], { stdio: 'ignore' }).status === 0,
});

for (const interpreter of found)
  for (const stacks of [undefined, 'native and python'] as const)
    where(greenletsOf(interpreter)).serial(
      `greenlets of Python ${interpreter.version} that take turns keep their own tracebacks${stacks ? ', native frames between' : ''}`,
      async (t) => {
        const result = await compare(interpreter, stacks, 'greenlets.py');
        t.deepEqual([result.different.slice(0, 5), result.missing.slice(0, 5)], [[], []]);
        t.true(result.same > 800);
        t.deepEqual([result.lost, result.unknownFrees], [0, 0]);
      },
    );

test('there is a Python to test with', (t) => {
  t.true(found.length > 0);
});
