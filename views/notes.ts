/** What is wrong with a profile that its user can mend, with the remedy. */
import type { Index } from '../proto/snapshot.js';
import { blameOf } from './blame.js';
import { blamedSites } from './blamedSites.js';
import { baseName } from './names.js';
import { frameAt, type Profile } from './profile.js';
import { kindsIn } from './sites.js';

/** A module has to hide at least this share of all bytes to be worth a line in the report. */
const WORTH_TELLING = 0.01;

/** One sentence per module that is blamed for memory but says no lines, largest first. */
export const debugInfoNotes = (profile: Profile): readonly string[] => {
  const blame = blameOf(profile);
  const hidden = new Map<Index, { bytes: number; named: boolean }>();
  let all = 0;
  const { count, kind, stack, totalBytes } = blamedSites(profile);
  const wanted = kindsIn('payload');
  for (let at = 0; at < count; at += 1) {
    if (!wanted[kind[at]]) continue;
    const bytes = totalBytes[at];
    all += bytes;
    const frame = frameAt(profile, blame.nodeOf(stack[at]));
    if (!frame || frame.file !== null || frame.module < 0 || !blame.isUser(stack[at])) continue;
    const entry = hidden.get(frame.module) ?? { bytes: 0, named: false };
    entry.bytes += bytes;
    entry.named ||= frame.function !== null;
    hidden.set(frame.module, entry);
  }
  return [...hidden]
    .filter(([, { bytes }]) => bytes >= WORTH_TELLING * all)
    .sort(([, a], [, b]) => b.bytes - a.bytes)
    .map(([module, { named }]) => {
      const path = profile.modules[module]?.path ?? '';
      const shows = named ? 'functions but no lines' : 'offsets instead of names';
      return `${baseName(path)} has no debug information, so it shows ${shows}: ${remedyFor(path)}`;
    });
};

const remedyFor = (path: string): string =>
  /^\/(?:usr\/)?(?:lib|bin|sbin|libexec)/.test(path)
    ? 'install its debug symbols (on Debian the package that ends in -dbgsym) and run again'
    : 'compile it with -g and do not strip it';
