/**
 * The terminal UI at work: the daemon's messages and the user's keys change the state, the state is painted. Owns
 * the state; everything that decides is in update.ts and screen/, what reaches out of the UI is in errands.ts.
 */
import type { DaemonMessage, RequestId } from '../proto/messages.js';
import type { Action, InputMode } from './actions.js';
import { connectDaemon } from './client.js';
import { createErrands, type Means } from './errands.js';
import { asksBeforeLeaving } from './leaving.js';
import { followOutput } from './outputFile.js';
import type { OpenPainter, Painter } from './painter.js';
import { wantedSource, wantedViews } from './queries.js';
import { hitAt } from './screen/hit.js';
import { type Look, screenLines } from './screen/screen.js';
import { initialState, type State } from './state.js';
import { createSubscriptions } from './subscriptions.js';
import { type Happening, update } from './update.js';

export interface AppOptions extends Means {
  readonly socketPath: string;
  /** What is on the screen at first, where that is not the lines of the program that the user started. */
  readonly first?: Partial<Pick<State, 'process' | 'view' | 'sort' | 'notice'>>;
  /** Where what the program writes can be read; null where it goes elsewhere. */
  readonly outputPath?: string | null;
  readonly look: Look;
  readonly openPainter: OpenPainter;
}

/** What the daemon may take beyond two of its intervals before its silence is shown. */
const PATIENCE_MS = 2500;
const LISTEN_MS = 1000;
/** Frames are at least this far apart: what comes in between is drawn together. */
const FRAME_MS = 15;

/**
 * Resolves when the user leaves, or with the daemon's going if that must end it.
 *
 * @throws MemtraceError when the daemon cannot be reached; then the terminal was not touched
 */
export const runApp = async (options: AppOptions): Promise<void> => {
  const { socketPath, outputPath, look, openPainter } = options;
  const early: DaemonMessage[] = [];
  let hear = (message: DaemonMessage): void => {
    early.push(message);
  };
  let lose = (_: string): void => {};
  const link = await connectDaemon(socketPath, 'memtrace top', {
    hear: (message) => hear(message),
    onLost: (why) => lose(why),
  });

  await new Promise<void>((resolve) => {
    let painter: Painter | undefined;
    let frame: NodeJS.Timeout | undefined;
    let heardAt = performance.now();
    let drawnAt = 0;
    let lastId: RequestId = 0;
    const nextId = (): RequestId => {
      lastId += 1;
      return lastId;
    };
    const subscriptions = createSubscriptions(link, nextId);

    const draw = (): void => {
      frame = undefined;
      drawnAt = performance.now();
      painter?.paint(screenLines(state, look));
    };
    const happen = (happening: Happening): void => {
      const before = state;
      state = update(state, happening);
      if (state === before) return;
      if (state.connection.kind === 'live') {
        subscriptions.follow(wantedViews(state));
        errands.fetchSource(wantedSource(state), state.process);
        errands.endWhenSeen(state);
      }
      frame ??= setTimeout(draw, Math.max(0, FRAME_MS - (performance.now() - drawnAt)));
    };
    const listening = setInterval(() => {
      const ms = performance.now() - heardAt;
      if (state.connection.kind === 'live' && ms > PATIENCE_MS + 2 * state.intervalMs)
        happen({ kind: 'silence', ms });
    }, LISTEN_MS);
    const leave = (): void => {
      clearInterval(listening);
      stopFollowing();
      clearTimeout(frame);
      painter?.close();
      link.close();
      resolve();
    };
    const act = (action: Action): void => {
      if (action.kind === 'quit' && !asksBeforeLeaving(state)) leave();
      else if (action.kind === 'suspend') painter?.suspend();
      else if (action.kind === 'redraw') painter?.redraw();
      else if (action.kind === 'click') {
        const meant = hitAt(state, look, action.column, action.row);
        if (meant) happen({ kind: 'action', action: meant });
      } else {
        happen({ kind: 'action', action });
        errands.run(action, state);
      }
    };
    const inputMode = (): InputMode =>
      state.prompt ? 'prompt' : state.overlay === 'leave' ? 'leave' : 'list';

    painter = openPainter({
      onAction: act,
      onResize: (size) => happen({ kind: 'resize', size }),
      inputMode,
    });
    const errands = createErrands({ link, nextId, painter, happen, leave, means: options });
    let state: State = {
      ...initialState(link.session, painter.size(), outputPath ? 'with output' : 'without output'),
      ...options.first,
    };
    let stopFollowing = (): void => {};
    if (outputPath) stopFollowing = followOutput(outputPath, (text) => happen({ kind: 'output', text }));
    hear = (message) => {
      heardAt = performance.now();
      if (errands.hear(message)) return;
      if (message.type === 'goodbye') happen({ kind: 'connection', connection: { kind: 'over' } });
      else if (message.type === 'error') happen({ kind: 'notice', text: message.message });
      else if (message.type === 'update') {
        const view = subscriptions.slotOf(message.id);
        if (view) happen({ kind: 'update', view, header: message.header, table: message.table });
      }
    };
    lose = (why) => {
      if (state.connection.kind === 'live') happen({ kind: 'connection', connection: { kind: 'lost', why } });
    };
    early.forEach(hear);
    subscriptions.follow(wantedViews(state));
    draw();
  });
};
