/** States of the UI for tests, made as the daemon and the user would make them. */
import type { LiveSession } from '../../daemon/live.js';
import { createViews } from '../../daemon/server/views.js';
import type { Action } from '../../tui/actions.js';
import { wantedViews } from '../../tui/queries.js';
import { plainText } from '../../tui/screen/cells.js';
import { type Look, screenLines } from '../../tui/screen/screen.js';
import { initialState, type ShownView, type Size, SLOTS, type State, viewsOf } from '../../tui/state.js';
import { actionOf } from '../../tui/terminal/keys.js';
import { update } from '../../tui/update.js';
import { type FakeProcess, fakeSession, SITES } from '../server/fakeSession.js';

export const LOOK: Look = { path: (path) => path.replace(/^\/home\/me\//, '~/'), glyphs: 'unicode' };

/** A server that grew, dropped some and grew again, with a child that failed and one that could not be traced. */
export const FAKES: readonly FakeProcess[] = [
  {
    sites: SITES,
    info: { command: ['/home/me/app', '--fast'] },
    rssBytes: 140 << 20,
    timeline: Array.from({ length: 200 }, (_, at) => ({
      ms: at * 5,
      liveBytes: Math.round((at % 100) * (at < 100 ? 0.6e6 : 0.96e6)),
      rssBytes: 140 << 20,
    })),
  },
  { sites: SITES.slice(0, 2), info: { command: ['/bin/sh', '-c', 'make all'], exitCode: 3 }, parent: 0 },
  {
    sites: [],
    info: { command: ['/usr/bin/sudo', 'true'], untraced: 'it is setuid: the loader ignores preloads' },
    parent: 1,
  },
];

/** A daemon that is asked again and again: rows keep their numbers, time passes when it is told to. */
export const daemonOf = (live: LiveSession) => {
  let atMs = 0;
  const views = createViews(live, () => atMs);
  return { views, pass: (ms: number) => (atMs += ms) };
};

/** What the daemon answers to whatever the state asks for. */
export const answered = async (
  state: State,
  live: LiveSession,
  { views, pass }: ReturnType<typeof daemonOf> = daemonOf(live),
): Promise<State> => {
  pass(1000);
  let next = state;
  for (const view of SLOTS) {
    const query = wantedViews(state)[view];
    if (!query) continue;
    const header = views.header(query.process);
    next = update(next, { kind: 'update', view, header, table: await views.table(query) });
  }
  return next;
};

export const started = (size: Size, fakes: readonly FakeProcess[] = FAKES): Promise<State> => {
  const live = fakeSession(fakes);
  return answered(initialState(live, size), live);
};

export const press = (state: State, ...actions: readonly Action[]): State =>
  actions.reduce((now, action) => update(now, { kind: 'action', action }), state);

/** Keys as the terminal would tell them: of a prompt, letters; else names. */
export const type = (state: State, ...keys: readonly string[]): State =>
  keys.reduce((now, key) => {
    const mode = now.prompt ? 'prompt' : now.overlay === 'leave' ? 'leave' : 'list';
    const action = actionOf(key, mode, key.length === 1 ? key : '');
    if (!action) throw new Error(`no such key: ${key}`);
    return press(now, action);
  }, state);
export const letters = (text: string): readonly string[] => text.split('');

export const show = (state: State, view: ShownView): State =>
  press(state, { kind: 'view', index: viewsOf(state).indexOf(view) });

/** A view, with what the daemon answers for it. */
export const showAnswered = (state: State, view: ShownView): Promise<State> =>
  answered(show(state, view), fakeSession(FAKES));

export const screenText = (state: State, look: Look = LOOK): string =>
  `${screenLines(state, look)
    .map((line) => plainText(line).trimEnd())
    .join('\n')}\n`;
