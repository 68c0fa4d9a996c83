/**
 * Keeps a session's socket open from the start, and wakes the service only when somebody knocks: loading it costs
 * more processor time than a short program takes, and most sessions are never looked at.
 *
 * Visitors wait, unread, until the service takes them in.
 */
import { chmodSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

export interface Doorman {
  readonly socketPath: string;
  /** Resolves with the first visitor. */
  readonly knocked: Promise<void>;
  /** Hands over those who wait and all who come. */
  readonly passOn: (take: (visitor: Socket) => void) => void;
  readonly close: () => void;
}

/** @throws the system's error when it cannot listen there */
export const postDoorman = async (socketPath: string): Promise<Doorman> => {
  const waiting: Socket[] = [];
  let take = (visitor: Socket): void => {
    waiting.push(visitor);
  };
  const door = createServer({ pauseOnConnect: true });
  const knocked = new Promise<void>((resolve) => door.once('connection', () => resolve()));
  door.on('connection', (visitor) => {
    visitor.on('error', () => visitor.destroy()); // it went away
    take(visitor);
  });
  await new Promise<void>((resolve, reject) => {
    door.once('error', reject);
    door.listen(socketPath, resolve);
  });
  chmodSync(socketPath, 0o600);
  return {
    socketPath,
    knocked,
    passOn: (taker) => {
      take = taker;
      waiting.splice(0).forEach(taker);
    },
    close: () => {
      door.close();
      for (const visitor of waiting.splice(0)) visitor.destroy();
    },
  };
};
