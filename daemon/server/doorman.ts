/**
 * Keeps a session's socket open from the start, and wakes the service only when somebody knocks: loading it costs
 * more processor time than a short program takes, and most sessions are never looked at.
 *
 * Visitors wait in the socket until the service takes it over.
 */
import { closeSync } from 'node:fs';
import { listenAt, watchInput } from '../inputs.js';

export interface Doorman {
  /** Resolves with the first visitor. */
  readonly knocked: Promise<void>;
  /** @returns the socket that listens, which is the caller's from now on */
  readonly handOver: () => number;
  /** Nothing where it was handed over. */
  readonly close: () => void;
}

/** @throws the system's error when it cannot listen there */
export const postDoorman = (socketPath: string): Doorman => {
  const door = listenAt(socketPath);
  let isOurs = true;
  let leave = (): void => {};
  const knocked = new Promise<void>((resolve) => {
    leave = watchInput(door, resolve);
  });
  const handOver = (): number => {
    leave();
    isOurs = false;
    return door;
  };
  return {
    knocked,
    handOver,
    close: () => {
      if (isOurs) closeSync(handOver());
    },
  };
};
