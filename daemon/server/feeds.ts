/**
 * Subscriptions. Clients that ask for the same view at the same rate share one feed: its state is computed and
 * put into text once per tick, and only while one of them has room for it. A subscriber that has not read what
 * it was sent is passed over and gets the newest state later.
 *
 * Owned by the server; a feed lives as long as it has subscribers.
 */
import {
  type ErrorCode,
  ONLY_FIRST_AND_LAST,
  type RequestId,
  type Subscribe,
  type Table,
  type ViewQuery,
} from '../../proto/messages.js';
import { busyTimeMs } from './busyTime.js';
import { ViewFault } from './fault.js';
import type { Views } from './views.js';

export interface Receiver {
  /** False while it has not read what it was sent. */
  readonly hasRoom: () => boolean;
  readonly send: (json: string) => void;
  /** The subscription of this id is over. */
  readonly refuse: (id: RequestId, code: ErrorCode, message: string) => void;
}

export interface Feeds {
  /** @returns ends the subscription */
  readonly subscribe: (receiver: Receiver, request: Subscribe) => () => void;
  /** Sends everybody the last state. */
  readonly finish: () => Promise<void>;
}

interface Subscriber {
  readonly id: RequestId;
  readonly receiver: Receiver;
  /** The version of the table it has; 0 for none. */
  version: number;
}

export const createFeeds = (views: Views): Feeds => {
  const feeds = new Map<string, Feed>();
  return {
    subscribe: (receiver, { type: _, id, intervalMs, ...query }) => {
      const key = JSON.stringify([intervalMs, query]);
      const known = feeds.get(key);
      const feed: Feed =
        known ??
        openFeed(views, query, intervalMs, () => {
          // After a refusal there may be another one of this key.
          if (feeds.get(key) === feed) feeds.delete(key);
        });
      feeds.set(key, feed);
      return feed.add({ id, receiver, version: 0 });
    },
    finish: async () => {
      views.lookAnew();
      await Promise.all([...feeds.values()].map((feed) => feed.finish()));
    },
  };
};

interface Feed {
  /** @returns takes it away again */
  readonly add: (subscriber: Subscriber) => () => void;
  readonly finish: () => Promise<void>;
}

/** After a computation comes a rest of so many times the work that it was; waiting for names is none. */
const REST = 8;
/** The first ones are slow, and all that comes later is newer. */
const LONGEST_REST_MS = 1000;

interface State {
  readonly stamp: string;
  readonly version: number;
  /** Of the moment of the table, as JSON. */
  readonly header: string;
  /** Of the table, as JSON. */
  readonly text: string;
}

const openFeed = (views: Views, query: ViewQuery, intervalMs: number, onEmpty: () => void): Feed => {
  const subscribers = new Set<Subscriber>();
  let state: State | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** Computations follow one another. */
  let last: Promise<void> = Promise.resolve();

  /** What is dear is worked out less often: the daemon has a program to follow. */
  let restsUntil = 0;

  const refresh = async (isLast: boolean): Promise<State> => {
    const stamp = views.stamp(query);
    const isSame = state?.stamp === stamp;
    // Then header and table stay as they were: figures of two moments would not add up.
    if (state && !isSame && !isLast && performance.now() < restsUntil) return state;
    const header = JSON.stringify(views.header(query.process));
    if (state && isSame) state = { ...state, header };
    else {
      const busyBefore = busyTimeMs();
      const table: Table = await views.table(query);
      const text = JSON.stringify(table);
      const version = state?.text === text ? state.version : (state?.version ?? 0) + 1;
      state = { stamp, version, header, text };
      restsUntil = performance.now() + Math.min(LONGEST_REST_MS, REST * (busyTimeMs() - busyBefore));
    }
    return state;
  };

  const push = async (receivers: () => readonly Subscriber[], which: 'next' | 'last'): Promise<void> => {
    if (receivers().length === 0) return;
    try {
      const { version, header, text } = await refresh(which === 'last');
      for (const subscriber of receivers()) {
        const table = subscriber.version === version ? '' : `,"table":${text}`;
        subscriber.version = version;
        subscriber.receiver.send(`{"type":"update","id":${subscriber.id},"header":${header}${table}}`);
      }
    } catch (error) {
      refuse(error);
    }
  };
  const queue = (receivers: () => readonly Subscriber[], which: 'next' | 'last' = 'next'): Promise<void> => {
    last = last.then(() => push(receivers, which));
    return last;
  };

  const refuse = (error: unknown): void => {
    const code = error instanceof ViewFault ? error.code : 'failed';
    const why = error instanceof Error ? error.message : String(error);
    for (const { id, receiver } of subscribers) receiver.refuse(id, code, why);
    subscribers.clear();
    close();
  };
  const close = (): void => {
    clearTimeout(timer);
    timer = undefined;
    onEmpty();
  };

  const withRoom = () => [...subscribers].filter(({ receiver }) => receiver.hasRoom());
  /** Feeds of one rate tick together, so that they share what is looked up. */
  const schedule = (): void => {
    if (intervalMs === ONLY_FIRST_AND_LAST || subscribers.size === 0) return;
    timer = setTimeout(tick, intervalMs - (performance.now() % intervalMs));
    timer.unref();
  };
  const tick = async (): Promise<void> => {
    await queue(withRoom);
    schedule();
  };

  return {
    add: (subscriber) => {
      subscribers.add(subscriber);
      void queue(() => (subscribers.has(subscriber) && subscriber.version === 0 ? [subscriber] : []));
      if (timer === undefined) schedule();
      return () => {
        subscribers.delete(subscriber);
        if (subscribers.size === 0) close();
      };
    },
    finish: () => queue(() => [...subscribers], 'last'),
  };
};
