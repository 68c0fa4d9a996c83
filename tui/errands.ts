/**
 * What keys ask for that reaches out of the UI: marks, snapshots and sources of the daemon, the editor, the
 * clipboard, the end of the program. What comes of it is told as a happening.
 */
import type { DaemonMessage, ProcessChoice, RequestId } from '../proto/messages.js';
import { MemtraceError } from '../views/error.js';
import type { Action } from './actions.js';
import type { DaemonLink } from './client.js';
import { rowAtCursor } from './cursor.js';
import type { Painter } from './painter.js';
import { sourceOf } from './row.js';
import type { State } from './state.js';
import type { Happening } from './update.js';

export interface Errands {
  readonly run: (action: Action, state: State) => void;
  /** Ends the program that was to be ended before its pid was known. */
  readonly endWhenSeen: (state: State) => void;
  /** @param file null for none; asked for once */
  readonly fetchSource: (file: string | null, process: ProcessChoice) => void;
  /** @returns whether it answers an errand */
  readonly hear: (message: DaemonMessage) => boolean;
}

/** What the UI was given to reach out with. */
export interface Means {
  /** Writes a snapshot that came. @returns what to tell the user; absent where none can be kept */
  readonly keepSnapshot?: (snapshot: unknown) => Promise<string>;
  /** The user's editor: a command and what stands before +LINE FILE. */
  readonly editor?: readonly string[];
}

interface Around {
  readonly link: Pick<DaemonLink, 'send'>;
  readonly nextId: () => RequestId;
  readonly painter: Painter;
  readonly happen: (happening: Happening) => void;
  readonly leave: () => void;
  readonly means: Means;
}

/** A daemon that does not answer does not keep anybody here. */
const PATIENCE_MS = 500;

export const createErrands = ({ link, nextId, painter, happen, leave, means }: Around): Errands => {
  const answers = new Map<RequestId, (message: DaemonMessage) => void>();
  const asked = new Set<string>();
  const notice = (text: string): void => happen({ kind: 'notice', text });

  /** One at a time: the daemon keeps the last few, and the table may still stand on an older one. */
  let isMarking = false;
  const mark = (state: State): void => {
    if (state.connection.kind !== 'live') {
      notice('The session is over: there is nothing to mark.');
      return;
    }
    if (isMarking) return;
    isMarking = true;
    const id = nextId();
    answers.set(id, (message) => {
      isMarking = false;
      if (message.type === 'mark')
        happen({
          kind: 'mark',
          mark: { number: message.mark, takenAt: message.takenAt, live: message.live ?? null },
        });
    });
    link.send({ type: 'mark', id });
  };

  const snapshot = (state: State): void => {
    const { keepSnapshot } = means;
    if (!keepSnapshot) return;
    if (state.connection.kind !== 'live') {
      notice('The session is over: it wrote its snapshot itself.');
      return;
    }
    const process = state.process === 'all' ? 'main' : state.process;
    const id = nextId();
    answers.set(id, (message) => {
      if (message.type !== 'snapshot') return;
      keepSnapshot(message.snapshot).then(notice, (error: unknown) => notice(`No snapshot: ${told(error)}`));
    });
    link.send({ type: 'snapshot', id, process });
    notice('Taking a snapshot...');
  };

  const edit = (state: State): void => {
    const place = sourceOf(rowAtCursor(state));
    const [command, ...before] = means.editor ?? [];
    if (!place) {
      notice('There is no source line here to be opened.');
      return;
    }
    if (command === undefined) {
      notice('There is no editor: set EDITOR.');
      return;
    }
    void painter.lend(command, [...before, `+${place.line}`, place.file]).then((trouble) => {
      if (trouble !== null) notice(trouble);
    });
  };

  const copy = (state: State): void => {
    const place = sourceOf(rowAtCursor(state));
    if (!place) {
      notice('There is no source line here to be copied.');
      return;
    }
    const text = `${place.file}:${place.line}`;
    painter.copy(text);
    notice(`Copied ${text}`);
  };

  let endsWhenSeen = false;
  const leaveWith = (program: 'runs on' | 'runs on untraced' | 'ends', { mainPid }: State): void => {
    if (program === 'ends' && mainPid === null) {
      endsWhenSeen = true;
      notice('It ends as soon as it has been seen.');
      return;
    }
    if (program === 'ends' && mainPid !== null) {
      try {
        process.kill(mainPid, 'SIGTERM');
      } catch {
        // it has just ended by itself
      }
    }
    if (program !== 'runs on untraced') {
      leave();
      return;
    }
    const id = nextId();
    const patience = setTimeout(leave, PATIENCE_MS);
    answers.set(id, () => {
      clearTimeout(patience);
      leave();
    });
    link.send({ type: 'stop', id });
  };

  return {
    run: (action, state) => {
      if (action.kind === 'mark') mark(state);
      else if (action.kind === 'snapshot') snapshot(state);
      else if (action.kind === 'editor') edit(state);
      else if (action.kind === 'copy') copy(state);
      else if (action.kind === 'leave') leaveWith(action.program, state);
    },
    endWhenSeen: (state) => {
      if (endsWhenSeen && state.mainPid !== null) leaveWith('ends', state);
    },
    fetchSource: (file, process) => {
      if (file === null || asked.has(file)) return;
      asked.add(file);
      const id = nextId();
      answers.set(id, (message) => {
        if (message.type === 'source')
          happen({ kind: 'source', file, source: { lines: message.lines, note: message.note } });
        else asked.delete(file);
      });
      link.send({ type: 'source', id, process, file });
    },
    hear: (message) => {
      if (!('id' in message) || message.id === null) return false;
      const answer = answers.get(message.id);
      if (!answer) return false;
      answers.delete(message.id);
      answer(message);
      // Of a refusal the user is told besides.
      return message.type !== 'error';
    },
  };
};

const told = (error: unknown): string =>
  error instanceof MemtraceError
    ? `${error.message}. ${error.why}`
    : `${error instanceof Error ? error.message : error}.`;
