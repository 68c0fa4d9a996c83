/**
 * Keeps what the daemon sends in step with what the state wants. Every change of a subscription takes a new
 * number, so that what was on its way for the one before is told apart.
 */
import { ONLY_FIRST_AND_LAST, type RequestId } from '../proto/messages.js';
import type { DaemonLink } from './client.js';
import type { Wanted } from './queries.js';
import { TABLE_VIEWS, type TableView } from './state.js';

export interface Subscriptions {
  readonly follow: (wanted: Readonly<Record<TableView, Wanted>>) => void;
  /** The view that this number stands for now. */
  readonly viewOf: (id: RequestId) => TableView | undefined;
}

interface Current {
  readonly id: RequestId;
  readonly wanted: Wanted;
}

export const createSubscriptions = (link: Pick<DaemonLink, 'send'>): Subscriptions => {
  const current = new Map<TableView, Current>();
  let last = 0;

  const change = (view: TableView, wanted: Wanted): void => {
    const before = current.get(view);
    if (before && isSame(before.wanted, wanted)) return;
    if (before) link.send({ type: 'unsubscribe', id: before.id });
    last += 1;
    current.set(view, { id: last, wanted });
    link.send({ type: 'subscribe', id: last, ...wanted });
  };
  return {
    follow: (wanted) => {
      // The one that is looked at first: its answer comes first.
      const byUrgency = [...TABLE_VIEWS].sort((a, b) => urgency(wanted[a]) - urgency(wanted[b]));
      for (const view of byUrgency) change(view, wanted[view]);
    },
    viewOf: (id) => TABLE_VIEWS.find((view) => current.get(view)?.id === id),
  };
};

const urgency = ({ intervalMs }: Wanted): number => (intervalMs === ONLY_FIRST_AND_LAST ? 1 : 0);

const isSame = (a: Wanted, b: Wanted): boolean => JSON.stringify(a) === JSON.stringify(b);
