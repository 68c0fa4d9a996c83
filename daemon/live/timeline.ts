/**
 * Live heap, live Python objects and resident memory over time, in bounded space: when full, every other point is
 * dropped and points are taken half as often.
 */
import type { TimelinePoint } from '../../proto/snapshot.js';

const MOST_POINTS = 2000;

export interface Timeline {
  readonly add: (point: TimelinePoint) => void;
  readonly points: () => readonly TimelinePoint[];
}

export const createTimeline = (): Timeline => {
  let points: TimelinePoint[] = [];
  let everyMs = 0;
  return {
    add: (point) => {
      const last = points.at(-1);
      if (last && point.ms - last.ms < everyMs) return;
      points.push(point);
      if (points.length < MOST_POINTS) return;
      points = points.filter((_, at) => at % 2 === 0);
      everyMs = Math.max(1, ((points.at(-1)?.ms ?? 0) / MOST_POINTS) * 2);
    },
    points: () => points,
  };
};
