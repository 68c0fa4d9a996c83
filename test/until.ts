/** Waits for a condition. What never comes is an error in the end: no test hangs for it, and none goes on without it. */
import { setTimeout } from 'node:timers/promises';

const LOOK_AGAIN_MS = 10;
const PATIENCE_MS = 60_000;

type Nothing = null | undefined | false;

/**
 * @param look asked again and again, until it finds something
 * @param missed what the error says
 */
export const until = async <T>(
  look: () => T | Nothing | Promise<T | Nothing>,
  missed = (): string => 'what was waited for did not come',
): Promise<T> => {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    await setTimeout(LOOK_AGAIN_MS);
  }
  throw new Error(missed());
};
