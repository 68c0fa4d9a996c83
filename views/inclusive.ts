/**
 * What is allocated by a function *or anything it calls*: each stack counts once for each function on it,
 * however often the function calls itself.
 *
 * Unlike those of views/group.ts these rows overlap: their sum means nothing.
 */
import type { KindFilter } from '../proto/snapshot.js';
import type { Row } from './group.js';
import { modulePath, type Profile } from './profile.js';
import { addSite, eachSite, emptySum, type Sum } from './sites.js';

/** One row per function of any stack, unsorted, `line` always null; `user` is true throughout. */
export const inclusiveByFunction = (profile: Profile, kind: KindFilter = 'heap'): readonly Row[] => {
  const names = new Map<string, number>();
  const nameOfFrame = profile.frames.map((frame) => {
    const module = modulePath(profile, frame);
    const key = `${frame.function ?? frame.offset}\0${frame.file ?? module ?? ''}`;
    const number = names.get(key) ?? names.size;
    names.set(key, number);
    return number;
  });
  const rows: ({ readonly frame: number; readonly sum: Sum } | undefined)[] = [];
  // The last site that was added to a function: a second frame of the same stack is a recursion.
  const lastSite = new Int32Array(names.size).fill(-1);

  eachSite(profile.sites, kind, (site, stack) => {
    for (let at = stack; at >= 0; at = profile.stacks.parent[at]) {
      const frame = profile.stacks.frame[at];
      const name = nameOfFrame[frame];
      if (name === undefined || lastSite[name] === site) continue;
      lastSite[name] = site;
      const row = rows[name] ?? { frame, sum: emptySum() };
      rows[name] = row;
      addSite(row.sum, profile.sites, site);
    }
  });
  return rows.flatMap((row) => {
    const frame = row && profile.frames[row.frame];
    if (!row || !frame) return [];
    const offset = frame.function === null ? frame.offset : null;
    const { function: name, file } = frame;
    return [
      {
        function: name,
        file,
        line: null,
        module: modulePath(profile, frame),
        offset,
        user: true,
        stack: undefined,
        ...row.sum,
      },
    ];
  });
};
