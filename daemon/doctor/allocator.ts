/** Which allocator a program brings with it, told by the functions that its executable defines. */

export interface AllocatorInside {
  readonly name: string;
  /** Its `malloc` is the program's: none that is preloaded comes before it. */
  readonly isMalloc: boolean;
}

const KNOWN: readonly (readonly [name: string, sign: RegExp])[] = [
  ['jemalloc', /^(je_|_rjem_)?(mallocx|sdallocx|mallctl)$/],
  ['tcmalloc', /^(tc_malloc|TCMallocInternalMalloc)$/],
  ['mimalloc', /^mi_malloc$/],
  ['tbbmalloc', /^scalable_malloc$/],
];

/** @returns null when it uses the C library's, or one of its libraries' */
export const allocatorInside = (defines: ReadonlySet<string>): AllocatorInside | null => {
  const isMalloc = defines.has('malloc') && defines.has('free');
  for (const [name, sign] of KNOWN)
    for (const each of defines) if (sign.test(each)) return { name, isMalloc };
  return isMalloc ? { name: 'a malloc of its own', isMalloc } : null;
};

/** For the report of a program that ran. @param defines what the executable exports */
export const allocatorNote = (program: string, defines: ReadonlySet<string>): string | null => {
  const inside = allocatorInside(defines);
  if (!inside?.isMalloc) return null;
  const which = inside.name === 'a malloc of its own' ? '' : ` (${inside.name})`;
  return `${program} has a malloc of its own inside${which}, which comes before any preloaded one: what it serves is not seen. Link it with the allocator as a shared library`;
};
