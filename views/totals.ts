/** What the totals of a process come to. Pure. */
import type { Totals } from '../proto/snapshot.js';

/** By which the larger of two processes is told: objects of Python are none of the heap's bytes. */
export const allocatedBytes = ({ totalBytes, python }: Totals): number =>
  totalBytes + (python?.totalBytes ?? 0);
