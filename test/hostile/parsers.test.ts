/** Files and messages that lie: what reads them refuses in words or takes them; nothing else is thrown. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { reportLines } from '../../cli/print/report.js';
import { surfaceOf } from '../../cli/print/surface.js';
import { parseClientMessage, parseDaemonMessage } from '../../proto/parseMessages.js';
import type { GroupBy } from '../../proto/snapshot.js';
import { MemtraceError } from '../../views/error.js';
import { parseSnapshot } from '../../views/read.js';
import { randomFrom } from '../views/build.js';
import { SLOW } from '../where.js';

const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  2 ** 53,
  -0,
  '',
  'x',
  '__proto__',
  '\u001b[31m',
  [],
  {},
  [[]],
  { __proto__: 1 },
  'constructor',
  4294967296,
  'a'.repeat(5000),
  [null],
  undefined,
];

/** One place somewhere in the value becomes something odd, goes away, or comes twice. */
const mutated = (value: unknown, pick: (below: number) => number): unknown => {
  if (typeof value !== 'object' || value === null || pick(12) === 0) return ODD[pick(ODD.length)];
  if (Array.isArray(value)) {
    if (value.length === 0) return [ODD[pick(ODD.length)]];
    const at = pick(value.length);
    const chosen = [...value];
    const kind = pick(10);
    if (kind === 0) chosen.splice(at, 1);
    else if (kind === 1) chosen.splice(at, 0, value[pick(value.length)]);
    else chosen[at] = mutated(value[at], pick);
    return chosen;
  }
  const keys = Object.keys(value);
  const key = keys[pick(keys.length)];
  if (key === undefined) return { type: ODD[pick(ODD.length)] };
  const { [key]: old, ...others } = value as Record<string, unknown>;
  return pick(10) === 0 ? others : { ...others, [key]: mutated(old, pick) };
};

/** Bytes flipped, cut, or doubled. */
const damaged = (text: string, pick: (below: number) => number): string => {
  const at = pick(text.length);
  const kind = pick(3);
  if (kind === 0) return text.slice(0, at);
  if (kind === 1) return text.slice(0, at) + text.slice(pick(text.length));
  return text.slice(0, at) + String.fromCharCode(pick(256)) + text.slice(at + 1);
};

const ROUNDS = SLOW ? 200_000 : 4000;
const GROUPINGS: readonly GroupBy[] = ['line', 'function', 'file', 'module', 'stack'];

test('a snapshot that was changed anywhere is refused in words, or can be reported', (t) => {
  const whole = readFileSync('test/fixtures/snapshots/before.json', 'utf8');
  const value = JSON.parse(whole) as unknown;
  const surface = surfaceOf({ isTTY: false, columns: 80, env: {}, cwd: '/' });
  let refused = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const pick = randomFrom(round).below;
    const text = pick(4) === 0 ? damaged(whole, pick) : (JSON.stringify(mutated(value, pick)) ?? '');
    try {
      const snapshot = parseSnapshot(text, 'it');
      const by = GROUPINGS[pick(GROUPINGS.length)] as GroupBy;
      reportLines(snapshot, { by, sort: 'live', kind: 'heap', limit: 5 }, surface);
    } catch (error) {
      if (!(error instanceof MemtraceError)) {
        t.fail(`round ${round}: ${String(error)}\n${(error as Error).stack}\n${text.slice(0, 2000)}`);
        return;
      }
      refused += 1;
    }
  }
  t.log(`${ROUNDS} tried, ${refused} refused`);
  t.true(refused > ROUNDS / 10 && refused < ROUNDS);
});

test('a message that was changed anywhere is understood or named as faulty, never thrown', (t) => {
  const messages: readonly object[] = [
    {
      type: 'subscribe',
      id: 1,
      view: 'lines',
      process: 'main',
      sort: 'live',
      order: 'descending',
      kind: 'heap',
      limit: 20,
      intervalMs: 500,
    },
    { type: 'unsubscribe', id: 1 },
    { type: 'snapshot', id: 2, process: 'main' },
    { type: 'hello', version: 1, session: 'x', pid: 1 },
    { type: 'source', id: 3, file: '/a.c', line: 7, around: 5 },
  ];
  let understood = 0;
  for (let round = 1; round <= 10 * ROUNDS; round++) {
    const pick = randomFrom(round).below;
    const message = messages[pick(messages.length)] as object;
    const text =
      pick(3) === 0 ? damaged(JSON.stringify(message), pick) : (JSON.stringify(mutated(message, pick)) ?? '');
    for (const parse of [parseClientMessage, parseDaemonMessage]) {
      const parsed = parse(text);
      if (parsed.ok) understood += 1;
      else t.is(typeof parsed.fault, 'string');
    }
  }
  t.true(understood > 0 && understood < 10 * ROUNDS, String(understood));
});
