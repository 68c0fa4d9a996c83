/**
 * Keeps what the daemon sends in step with what the state wants. Every change of a subscription takes a new
 * number, so that what was on its way for the one before is told apart.
 */
import type { RequestId } from '../proto/messages.js';
import type { DaemonLink } from './client.js';
import type { Wanted, WantedViews } from './queries.js';
import { SLOTS, type Slot } from './state.js';

export interface Subscriptions {
  readonly follow: (wanted: WantedViews) => void;
  /** What this number stands for now. */
  readonly slotOf: (id: RequestId) => Slot | undefined;
}

interface Current {
  readonly id: RequestId;
  readonly wanted: Wanted;
}

/** @param nextId numbers that nothing else is asked with */
export const createSubscriptions = (
  link: Pick<DaemonLink, 'send'>,
  nextId: () => RequestId,
): Subscriptions => {
  const current = new Map<Slot, Current>();

  const change = (slot: Slot, wanted: Wanted | undefined): void => {
    const before = current.get(slot);
    if (wanted && before && isSame(before.wanted, wanted)) return;
    if (before) link.send({ type: 'unsubscribe', id: before.id });
    current.delete(slot);
    if (!wanted) return;
    const id = nextId();
    current.set(slot, { id, wanted });
    link.send({ type: 'subscribe', id, ...wanted });
  };
  return {
    follow: (wanted) => {
      // The one that is looked at first: its answer comes first.
      const byUrgency = [...SLOTS].sort((a, b) => urgency(wanted[a]) - urgency(wanted[b]));
      for (const slot of byUrgency) change(slot, wanted[slot]);
    },
    slotOf: (id) => SLOTS.find((slot) => current.get(slot)?.id === id),
  };
};

const urgency = (wanted: Wanted | undefined): number => wanted?.intervalMs ?? 0;

const isSame = (a: Wanted, b: Wanted): boolean => JSON.stringify(a) === JSON.stringify(b);
