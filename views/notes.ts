/** What is wrong with a profile that its user can mend, with the remedy. */
import type { Index } from '../proto/snapshot.js';
import { blameOf } from './blame.js';
import { blamedSites } from './blamedSites.js';
import { baseName } from './names.js';
import { frameAt, type Profile } from './profile.js';
import { kindsIn } from './sites.js';

/** A module has to hide at least this share of all bytes to be worth a line in the report. */
const WORTH_TELLING = 0.01;
/** A module of which some units have lines (the standard library of Rust has none), and this share of its bytes not. */
const LARGE_PART = 0.5;

/**
 * One sentence per module that is blamed for memory but says no lines, largest first.
 *
 * @param profile with `notes` of a snapshot: a file that one of them names ("path: …") has lost its lines to that
 */
export const debugInfoNotes = (
  profile: Profile & { readonly notes?: readonly string[] },
): readonly string[] => {
  const told = profile.notes ?? [];
  const blame = blameOf(profile);
  const hidden = new Map<Index, { bytes: number; named: boolean }>();
  const blamed = new Map<Index, number>();
  let all = 0;
  const { count, kind, stack, totalBytes } = blamedSites(profile);
  const wanted = kindsIn('payload');
  for (let at = 0; at < count; at += 1) {
    if (!wanted[kind[at]]) continue;
    const bytes = totalBytes[at];
    all += bytes;
    const frame = frameAt(profile, blame.nodeOf(stack[at]));
    if (!frame || frame.module < 0 || !blame.isUser(stack[at])) continue;
    blamed.set(frame.module, (blamed.get(frame.module) ?? 0) + bytes);
    if (frame.file !== null) continue;
    const entry = hidden.get(frame.module) ?? { bytes: 0, named: false };
    entry.bytes += bytes;
    entry.named ||= frame.function !== null;
    hidden.set(frame.module, entry);
  }
  const withLines = modulesWithLines(profile);
  const pathOf = (module: Index) => profile.modules[module]?.path ?? '';
  return [...hidden]
    .filter(([, { bytes }]) => bytes >= WORTH_TELLING * all)
    .filter(
      ([module, { bytes }]) => !withLines.has(module) || bytes >= LARGE_PART * (blamed.get(module) ?? 0),
    )
    .filter(([module]) => !told.some((note) => note.startsWith(`${pathOf(module)}: `)))
    .sort(([, a], [, b]) => b.bytes - a.bytes)
    .map(([module, { named }]) => {
      const path = pathOf(module);
      const what = withLines.has(module) ? `part of ${baseName(path)}` : baseName(path);
      const shows = named ? 'functions but no lines' : 'offsets instead of names';
      return `${what} has no debug information, so it shows ${shows}: ${remedyFor(path)}`;
    });
};

const modulesWithLines = ({ frames }: Profile): ReadonlySet<Index> =>
  new Set(frames.filter(({ file }) => file !== null).map(({ module }) => module));

const remedyFor = (path: string): string =>
  /^\/(?:usr\/)?(?:lib|bin|sbin|libexec)/.test(path)
    ? 'install its debug symbols (on Debian the package that ends in -dbgsym) and run again'
    : 'compile it with -g and do not strip it';
