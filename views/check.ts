/**
 * Whether a parsed file is a snapshot: every field of proto/snapshot.ts, of its type, every index in range.
 *
 * After this the rest of the code trusts the data. The same rules, but for the ranges, stand in
 * proto/snapshot.schema.json; a test holds the two together.
 */
import { describe } from '../proto/describe.js';
import { SNAPSHOT_SCHEMA, type Snapshot } from '../proto/snapshot.js';

export type Checked =
  | { readonly ok: true; readonly snapshot: Snapshot }
  /** What is wrong: "sites[3].stack is 99, but there are only 12 stacks". */
  | { readonly ok: false; readonly fault: string };

export const checkSnapshot = (value: unknown): Checked => {
  if (!isShaped(value)) return { ok: false, fault: snapshotShape(value, ROOT) ?? '' };
  const fault = referenceFault(value);
  return fault === null ? { ok: true, snapshot: value } : { ok: false, fault };
};

const isShaped = (value: unknown): value is Snapshot => snapshotShape(value, ROOT) === null;

const ROOT = 'the file';

type Check = (value: unknown, path: string) => string | null;
type Fields = Readonly<Record<string, Check>>;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const expected = (what: string, value: unknown, path: string): string =>
  value === undefined ? `${path} is missing` : `${path} is not ${what}, but ${describe(value)}`;

const count: Check = (value, path) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0
    ? null
    : expected('a count', value, path);
const line: Check = (value, path) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1
    ? null
    : expected('a line number', value, path);
const integer: Check = (value, path) =>
  typeof value === 'number' && Number.isInteger(value) ? null : expected('a whole number', value, path);
const indexOrNone: Check = (value, path) => (value === -1 ? null : count(value, path));
const milliseconds: Check = (value, path) =>
  typeof value === 'number' && value >= 0 ? null : expected('a time in milliseconds', value, path);
const string: Check = (value, path) => (typeof value === 'string' ? null : expected('a text', value, path));
const hexadecimal: Check = (value, path) =>
  typeof value === 'string' && /^[0-9a-f]+$/.test(value) ? null : expected('hexadecimal', value, path);
const bool: Check = (value, path) =>
  typeof value === 'boolean' ? null : expected('true or false', value, path);

const nullable =
  (check: Check): Check =>
  (value, path) =>
    value === null ? null : check(value, path);
const optional =
  (check: Check): Check =>
  (value, path) =>
    value === undefined ? null : check(value, path);
const oneOf = (...choices: readonly string[]): Check => {
  const known = new Set<unknown>(choices);
  return (value, path) => (known.has(value) ? null : expected(`one of ${choices.join(', ')}`, value, path));
};

const shape = (fields: Fields): Check => {
  const entries = Object.entries(fields);
  return (value, path) => {
    if (!isRecord(value)) return expected('an object', value, path);
    for (const [name, check] of entries) {
      // The path is only put together for a fault: files have hundreds of thousands of fields.
      if (check(value[name], '') !== null)
        return check(value[name], path === ROOT ? name : `${path}.${name}`);
    }
    return null;
  };
};

const list =
  (check: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) return expected('a list', value, path);
    const items: readonly unknown[] = value;
    const bad = items.findIndex((item) => check(item, '') !== null);
    return bad < 0 ? null : check(items[bad], `${path}[${bad}]`);
  };

const record =
  (check: Check): Check =>
  (value, path) => {
    if (!isRecord(value)) return expected('an object', value, path);
    const bad = Object.entries(value).find(([, item]) => check(item, '') !== null);
    return bad ? check(bad[1], `${path}[${JSON.stringify(bad[0])}]`) : null;
  };

const snapshotShape = shape({
  schema: oneOf(SNAPSHOT_SCHEMA),
  process: shape({
    pid: count,
    parentPid: count,
    command: list(string),
    executable: string,
    startedAt: string,
    takenAt: string,
    exitCode: nullable(integer),
    signal: nullable(string),
    state: optional(oneOf('running', 'exited', 'killed', 'replaced')),
    inherited: optional(shape({ blocks: count, bytes: count, frees: count })),
    untraced: optional(string),
  }),
  capture: shape({
    mode: oneOf('full', 'sampled'),
    allocations: count,
    frees: count,
    lost: count,
    unknownFrees: count,
    truncatedStacks: count,
    untracedChildren: optional(count),
  }),
  totals: shape({
    liveBytes: count,
    liveBlocks: count,
    totalBytes: count,
    totalBlocks: count,
    peakBytes: count,
    peakAtMs: milliseconds,
    temporaryBlocks: count,
    rssBytes: count,
    peakRssBytes: count,
    python: optional(
      shape({ liveBytes: count, liveBlocks: count, totalBytes: count, totalBlocks: count, peakBytes: count }),
    ),
  }),
  modules: list(shape({ path: string, buildId: nullable(hexadecimal) })),
  frames: list(
    shape({
      function: nullable(string),
      file: nullable(string),
      line: nullable(line),
      module: indexOrNone,
      offset: count,
      language: oneOf('native', 'python'),
      inlined: bool,
    }),
  ),
  stacks: list(shape({ parent: indexOrNone, frame: count })),
  sites: list(
    shape({
      stack: count,
      kind: oneOf('heap', 'mmap', 'python'),
      liveBytes: count,
      liveBlocks: count,
      totalBytes: count,
      totalBlocks: count,
      peakBytes: count,
      peakBlocks: count,
      temporaryBlocks: count,
    }),
  ),
  threads: list(
    shape({
      tid: count,
      name: string,
      allocations: optional(count),
      frees: optional(count),
      liveBytes: optional(count),
      liveBlocks: optional(count),
      totalBytes: optional(count),
      temporaryBlocks: optional(count),
    }),
  ),
  sizes: list(
    shape({
      bytes: count,
      blocks: count,
      liveBlocks: optional(count),
      liveBytes: optional(count),
      totalBytes: optional(count),
    }),
  ),
  sources: record(list(shape({ line, text: string }))),
  timeline: list(
    shape({ ms: milliseconds, liveBytes: count, rssBytes: count, pythonBytes: optional(count) }),
  ),
  blocks: optional(
    list(
      shape({
        address: count,
        bytes: count,
        stack: count,
        kind: oneOf('heap', 'mmap', 'python'),
        ageMs: optional(milliseconds),
      }),
    ),
  ),
  notes: optional(list(string)),
});

/** An index that leads out of its array, or a stack that stands before its parent. */
const referenceFault = ({ modules, frames, stacks, sites, blocks = [] }: Snapshot): string | null => {
  const outOf = (list: readonly unknown[], name: string, index: number, path: string) =>
    index < list.length ? null : `${path} is ${index}, but there are only ${list.length} ${name}`;
  for (const [at, frame] of frames.entries()) {
    const fault = outOf(modules, 'modules', frame.module, `frames[${at}].module`);
    if (fault !== null) return fault;
  }
  for (const [at, { frame, parent }] of stacks.entries()) {
    const fault = outOf(frames, 'frames', frame, `stacks[${at}].frame`);
    if (fault !== null) return fault;
    if (parent >= at) return `stacks[${at}].parent is ${parent}, but a parent stands before its children`;
  }
  for (const [at, { stack }] of sites.entries()) {
    const fault = outOf(stacks, 'stacks', stack, `sites[${at}].stack`);
    if (fault !== null) return fault;
  }
  for (const [at, { stack }] of blocks.entries()) {
    const fault = outOf(stacks, 'stacks', stack, `blocks[${at}].stack`);
    if (fault !== null) return fault;
  }
  return null;
};
