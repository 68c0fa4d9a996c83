/** `memtrace top --once`: what the screen would show, as plain text. */
import { ONLY_FIRST_AND_LAST, type ProcessChoice, type Update } from '../proto/messages.js';
import type { Metric } from '../proto/snapshot.js';
import { MemtraceError } from '../views/error.js';
import { connectDaemon, type DaemonLink } from './client.js';
import { processOf } from './processOf.js';
import { hasPython, rowsOf } from './rows.js';
import { plainText } from './screen/cells.js';
import { columnsOf } from './screen/columns.js';
import { MARKS } from './screen/glyphs.js';
import { headerLines } from './screen/header.js';
import type { Look } from './screen/screen.js';
import { tableLines } from './screen/table.js';
import { initialState, type State, type TableView } from './state.js';
import { update } from './update.js';

export interface OnceOptions {
  readonly socketPath: string;
  /** Of the process whose rows are meant; null for the program that the user started. */
  readonly pid: number | null;
  readonly view: TableView;
  readonly sort: Metric;
  readonly limit: number;
  readonly look: Look;
  /** In columns; infinite where nothing is cut. */
  readonly width: number;
}

const PATIENCE_MS = 10_000;

/** @throws MemtraceError when the daemon does not answer */
export const onceLines = async (options: OnceOptions): Promise<readonly string[]> => {
  const { view, sort, look, width } = options;
  const { link, message } = await firstUpdate(options, await processOf(options.socketPath, options.pid));
  link.close();
  const first = initialState(link.session, { columns: width, rows: Number.POSITIVE_INFINITY });
  const state: State = update(
    { ...first, view, sort },
    { kind: 'update', view, header: message.header, table: message.table },
  );
  const whole = message.table && 'sum' in message.table ? message.table.sum.liveBytes : 0;
  const { head, rows } = tableLines(rowsOf(state), {
    columns: columnsOf(view, {
      whole,
      path: look.path,
      marks: MARKS[look.glyphs],
      hasMark: false,
      hasPython: message.table?.view === 'processes' && hasPython(message.table.rows),
      direction: 'down',
      past: null,
    }),
    sort: view === 'processes' ? null : sort,
    order: 'descending',
    width,
    marks: MARKS[look.glyphs],
  });
  return [...headerLines(state, look.path), [], head, ...rows].map((line) => plainText(line).trimEnd());
};

interface First {
  readonly link: DaemonLink;
  readonly message: Update;
}

const firstUpdate = (
  { socketPath, view, sort, limit }: OnceOptions,
  process: ProcessChoice,
): Promise<First> =>
  new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      reject(
        new MemtraceError({
          message: 'the daemon did not tell what the program has allocated',
          why,
          remedy: 'Try again; see which sessions run with memtrace ls.',
        }),
      );
      opening.then(
        (link) => link.close(),
        () => {},
      );
    };
    const patience = setTimeout(() => fail(`It took longer than ${PATIENCE_MS / 1000} s.`), PATIENCE_MS);
    const done = () => clearTimeout(patience);
    const opening = connectDaemon(socketPath, 'memtrace top --once', {
      hear: (message) => {
        if (message.type === 'error') fail(message.message);
        else if (message.type === 'update') opening.then((link) => resolve({ link, message }), reject);
        else return;
        done();
      },
      onLost: (why) => {
        done();
        fail(why);
      },
    });
    opening.then(
      (link) =>
        link.send({
          type: 'subscribe',
          id: 1,
          view,
          process: view === 'processes' ? 'all' : process,
          sort,
          order: 'descending',
          kind: 'payload',
          limit,
          intervalMs: ONLY_FIRST_AND_LAST,
        }),
      (error: unknown) => {
        done();
        reject(error);
      },
    );
  });
