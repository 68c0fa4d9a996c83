/**
 * What came over the WebSocket → a typed message, or what is wrong with it. Both sides use it: neither believes
 * the other.
 */
import {
  anything,
  between,
  type Check,
  count,
  either,
  flag,
  isRecord,
  list,
  Malformed,
  number,
  oneOf,
  optional,
  orNull,
  record,
  text,
} from './checks.js';
import {
  type ClientMessage,
  type DaemonMessage,
  ERROR_CODES,
  type ErrorCode,
  FASTEST_INTERVAL_MS,
  FILTER_LIMIT,
  type Header,
  ONLY_FIRST_AND_LAST,
  type ProcessSummary,
  type RequestId,
  ROW_LIMIT,
  type RowView,
  SLOWEST_INTERVAL_MS,
  SORT_KEYS,
  type Table,
  type TreeRow,
  type ViewRow,
} from './messages.js';
import type { KindFilter, ProcessState } from './snapshot.js';

export type Parsed<M> =
  | { readonly ok: true; readonly message: M }
  | {
      readonly ok: false;
      readonly code: Extract<ErrorCode, 'malformed' | 'unknown-type'>;
      readonly id: RequestId | null;
      /** "limit is not a whole number from 1 to 10000, but -3". */
      readonly fault: string;
    };

export const parseClientMessage = (json: string): Parsed<ClientMessage> => parse(json, CLIENT_MESSAGES);
export const parseDaemonMessage = (json: string): Parsed<DaemonMessage> => parse(json, DAEMON_MESSAGES);

type Checks<M extends { readonly type: string }> = {
  readonly [Type in M['type']]: Check<Extract<M, { readonly type: Type }>>;
};

const parse = <M extends { readonly type: string }>(json: string, checks: Checks<M>): Parsed<M> => {
  const value = parseJson(json);
  if (!isRecord(value) || typeof value.type !== 'string')
    return {
      ok: false,
      code: 'malformed',
      id: null,
      fault: 'a message is a JSON object with a type, this is not',
    };
  const id = idOf(value.id);
  const check = checkOf(checks, value.type);
  if (!check) {
    const type = value.type.slice(0, 40);
    return { ok: false, code: 'unknown-type', id, fault: `there is no message of type ${type}` };
  }
  try {
    return { ok: true, message: check(value, '') };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { ok: false, code: 'malformed', id, fault: error.message };
  }
};

const checkOf = <M extends { readonly type: string }>(
  checks: Checks<M>,
  type: string,
): Check<M> | undefined =>
  Object.hasOwn(checks, type) ? (checks as Readonly<Record<string, Check<M>>>)[type] : undefined;

const parseJson = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};

// ---- parts ----

const KINDS: readonly KindFilter[] = ['heap', 'mmap', 'python', 'payload', 'all'];
const STATES: readonly ProcessState[] = ['running', 'exited', 'killed', 'replaced'];
const ROW_VIEWS: readonly RowView[] = ['lines', 'functions', 'files', 'modules', 'stacks'];
const MOST_SIGNIFICANT_ID = 2 ** 31 - 1;
const LONGEST_PATH = 4096;

const id = between(0, MOST_SIGNIFICANT_ID);

/** @returns null for what is none: an answer carries only what may be one */
const idOf = (value: unknown): RequestId | null => {
  try {
    return id(value, 'id');
  } catch {
    return null;
  }
};

const processChoice = either(count, oneOf(['main', 'all']), 'the index of a process, main or all');

const path: Check<string> = (value, at) => {
  const given = text(value, at);
  if (given.length > LONGEST_PATH) throw new Malformed(`${at} is longer than ${LONGEST_PATH}`);
  return given;
};

const shortText: Check<string> = (value, path) => {
  const given = text(value, path);
  if (given.length > FILTER_LIMIT) throw new Malformed(`${path} is longer than ${FILTER_LIMIT}`);
  return given;
};

const counters = {
  liveBytes: count,
  liveBlocks: count,
  totalBytes: count,
  totalBlocks: count,
  peakBytes: count,
  peakBlocks: count,
  temporaryBlocks: count,
  grownBytes: optional(number),
  grownBlocks: optional(number),
};
const rate = record({ allocationsPerSecond: number, bytesPerSecond: number });

const capture: Check<Header['capture']> = record({
  mode: oneOf(['full', 'sampled']),
  allocations: count,
  frees: count,
  lost: count,
  unknownFrees: count,
  truncatedStacks: count,
  untracedChildren: optional(count),
});

const totals: Check<Header['totals']> = record({
  liveBytes: count,
  liveBlocks: count,
  totalBytes: count,
  totalBlocks: count,
  peakBytes: count,
  peakAtMs: number,
  temporaryBlocks: count,
  rssBytes: count,
  peakRssBytes: count,
  python: optional(
    record({ liveBytes: count, liveBlocks: count, totalBytes: count, totalBlocks: count, peakBytes: count }),
  ),
});

const processSummary: Check<ProcessSummary> = record({
  index: count,
  parent: orNull(count),
  pid: count,
  command: list(text),
  state: oneOf(STATES),
  exitCode: orNull(number),
  signal: orNull(text),
  untraced: orNull(text),
  elapsedMs: number,
  liveBytes: count,
  liveBlocks: count,
  peakBytes: count,
  totalBytes: count,
  allocations: count,
  rssBytes: count,
  pythonBytes: optional(count),
});

const header: Check<Header> = record({
  takenAt: text,
  running: flag,
  processes: count,
  untraced: count,
  process: orNull(processSummary),
  totals,
  capture,
  mapped: record({ liveBytes: count, totalBytes: count, peakBytes: count }),
  rate: orNull(rate),
  ownBytes: count,
  timeline: list(record({ ms: number, liveBytes: count, rssBytes: count, pythonBytes: optional(count) })),
});

const viewRow: Check<ViewRow> = record({
  ...counters,
  key: count,
  function: orNull(text),
  file: orNull(text),
  line: orNull(count),
  module: orNull(text),
  offset: orNull(number),
  user: flag,
  language: optional(oneOf(['native', 'python'])),
  rate: optional(rate),
  frames: optional(list(text)),
  places: optional(list(orNull(record({ file: text, line: count })))),
});

const treeRow: Check<TreeRow> = record({
  ...counters,
  key: count,
  depth: count,
  state: oneOf(['open', 'closed', 'leaf']),
  selfBytes: count,
  selfBlocks: count,
  function: orNull(text),
  file: orNull(text),
  line: orNull(count),
  module: orNull(text),
  offset: orNull(number),
  user: flag,
});

const thread = record({
  tid: count,
  name: text,
  allocations: optional(count),
  frees: optional(count),
  liveBytes: optional(count),
  liveBlocks: optional(count),
  totalBytes: optional(count),
  temporaryBlocks: optional(count),
});

const sizeClass = record({
  bytes: count,
  blocks: count,
  liveBlocks: optional(count),
  liveBytes: optional(count),
  totalBytes: optional(count),
});

const rowTable = record({
  view: oneOf(ROW_VIEWS),
  rows: list(viewRow),
  omitted: count,
  sum: record(counters),
});
const OTHER_TABLES = {
  tree: record({ view: oneOf(['tree']), rows: list(treeRow), omitted: count, sum: record(counters) }),
  processes: record({ view: oneOf(['processes']), rows: list(processSummary) }),
  threads: record({ view: oneOf(['threads']), rows: list(thread) }),
  sizes: record({ view: oneOf(['sizes']), rows: list(sizeClass) }),
  blocks: record({
    view: oneOf(['blocks']),
    ages: list(record({ fromMs: count, untilMs: orNull(count), liveBlocks: count, liveBytes: count })),
    sizes: list(record({ bytes: count, liveBlocks: count, liveBytes: count })),
  }),
} as const;

const isOtherTable = (view: unknown): view is keyof typeof OTHER_TABLES =>
  typeof view === 'string' && Object.hasOwn(OTHER_TABLES, view);

const table: Check<Table> = (value, path) => {
  const view = isRecord(value) ? value.view : undefined;
  if (isOtherTable(view)) return OTHER_TABLES[view](value, path);
  return rowTable(value, path);
};

// ---- messages ----

const CLIENT_MESSAGES: Checks<ClientMessage> = {
  hello: record({ type: oneOf(['hello']), protocol: count, client: shortText }),
  subscribe: record({
    type: oneOf(['subscribe']),
    id,
    view: oneOf([...ROW_VIEWS, 'tree', 'processes', 'threads', 'sizes', 'blocks']),
    process: processChoice,
    sort: oneOf(SORT_KEYS),
    order: oneOf(['descending', 'ascending']),
    kind: oneOf(KINDS),
    filter: optional(shortText),
    since: optional(count),
    file: optional(path),
    within: optional(record({ view: oneOf(ROW_VIEWS), key: count })),
    tree: optional(
      record({
        direction: oneOf(['down', 'up']),
        open: list(count),
        openBelow: list(count),
        closed: list(count),
      }),
    ),
    limit: between(1, ROW_LIMIT),
    intervalMs: either(
      oneOf([ONLY_FIRST_AND_LAST]),
      between(FASTEST_INTERVAL_MS, SLOWEST_INTERVAL_MS),
      `${ONLY_FIRST_AND_LAST} or a whole number from ${FASTEST_INTERVAL_MS} to ${SLOWEST_INTERVAL_MS}`,
    ),
  }),
  unsubscribe: record({ type: oneOf(['unsubscribe']), id }),
  snapshot: record({
    type: oneOf(['snapshot']),
    id,
    process: either(count, oneOf(['main']), 'the index of a process or main'),
  }),
  processes: record({ type: oneOf(['processes']), id }),
  mark: record({ type: oneOf(['mark']), id }),
  source: record({
    type: oneOf(['source']),
    id,
    process: processChoice,
    file: path,
  }),
  stop: record({ type: oneOf(['stop']), id }),
  ping: record({ type: oneOf(['ping']), id }),
};

const DAEMON_MESSAGES: Checks<DaemonMessage> = {
  hello: record({
    type: oneOf(['hello']),
    protocol: count,
    session: record({ id: text, startedAt: text, command: list(text) }),
  }),
  update: record({ type: oneOf(['update']), id, header, table: optional(table) }),
  snapshot: record({ type: oneOf(['snapshot']), id, snapshot: anything }),
  processes: record({
    type: oneOf(['processes']),
    id,
    main: orNull(count),
    processes: list(processSummary),
  }),
  mark: record({
    type: oneOf(['mark']),
    id,
    mark: count,
    takenAt: text,
    live: optional(list(record({ index: count, liveBytes: count }))),
  }),
  source: record({
    type: oneOf(['source']),
    id,
    file: text,
    lines: orNull(list(text)),
    note: orNull(text),
  }),
  stopped: record({ type: oneOf(['stopped']), id }),
  pong: record({ type: oneOf(['pong']), id }),
  error: record({ type: oneOf(['error']), id: orNull(count), code: oneOf(ERROR_CODES), message: text }),
  goodbye: record({ type: oneOf(['goodbye']) }),
};
