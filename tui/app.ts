/**
 * The terminal UI at work: the daemon's messages and the user's keys change the state, the state is painted. Owns
 * the state; everything that decides is in update.ts and screen/.
 */
import type { DaemonMessage } from '../proto/messages.js';
import type { Action } from './actions.js';
import { connectDaemon } from './client.js';
import { followOutput } from './outputFile.js';
import type { OpenPainter, Painter } from './painter.js';
import { wantedViews } from './queries.js';
import { type Look, screenLines } from './screen/screen.js';
import { initialState } from './state.js';
import { createSubscriptions } from './subscriptions.js';
import { type Happening, update } from './update.js';

export interface AppOptions {
  readonly socketPath: string;
  /** Where what the program writes can be read; null where it goes elsewhere. */
  readonly outputPath?: string | null;
  readonly look: Look;
  readonly openPainter: OpenPainter;
}

/** Frames are at least this far apart: what comes in between is drawn together. */
const FRAME_MS = 15;

/**
 * Resolves when the user leaves, or with the daemon's going if that must end it.
 *
 * @throws MemtraceError when the daemon cannot be reached; then the terminal was not touched
 */
export const runApp = async ({ socketPath, outputPath, look, openPainter }: AppOptions): Promise<void> => {
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
    let drawnAt = 0;
    const subscriptions = createSubscriptions(link);

    const draw = (): void => {
      frame = undefined;
      drawnAt = performance.now();
      painter?.paint(screenLines(state, look));
    };
    const happen = (happening: Happening): void => {
      const before = state;
      state = update(state, happening);
      if (state === before) return;
      if (state.connection.kind === 'live') subscriptions.follow(wantedViews(state));
      frame ??= setTimeout(draw, Math.max(0, FRAME_MS - (performance.now() - drawnAt)));
    };
    const leave = (): void => {
      stopFollowing();
      clearTimeout(frame);
      painter?.close();
      link.close();
      resolve();
    };
    const act = (action: Action): void => {
      if (action.kind === 'quit') leave();
      else if (action.kind === 'suspend') painter?.suspend();
      else if (action.kind === 'redraw') painter?.redraw();
      else happen({ kind: 'action', action });
    };

    painter = openPainter({
      onAction: act,
      onResize: (size) => happen({ kind: 'resize', size }),
    });
    let state = initialState(link.session, painter.size(), outputPath ? 'with output' : 'without output');
    let stopFollowing = (): void => {};
    if (outputPath) stopFollowing = followOutput(outputPath, (text) => happen({ kind: 'output', text }));
    hear = (message) => {
      if (message.type === 'goodbye') happen({ kind: 'connection', connection: { kind: 'over' } });
      else if (message.type === 'error') happen({ kind: 'notice', text: message.message });
      else if (message.type === 'update') {
        const view = subscriptions.viewOf(message.id);
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
