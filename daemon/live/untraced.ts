/** Why a process image ran without the shim, in words. */
import {
  UNTRACED_ARCHITECTURE,
  UNTRACED_CLEARED,
  UNTRACED_EXCLUDED,
  UNTRACED_LIBC,
  UNTRACED_NO_SEGMENT,
  UNTRACED_OUT_OF_REACH,
  UNTRACED_SANDBOX,
  UNTRACED_SANITIZER,
  UNTRACED_SCRIPT,
  UNTRACED_SETUID,
  UNTRACED_STATIC,
  UNTRACED_UNREADABLE,
} from '../../proto/generated/layout.js';

const reasons: Readonly<Record<number, string>> = {
  [UNTRACED_STATIC]: 'it is linked statically, so nothing can be preloaded into it',
  [UNTRACED_SETUID]:
    'it is setuid, setgid or has capabilities, and the loader ignores preloads in such programs',
  [UNTRACED_SANITIZER]: 'it is built with a sanitizer, which replaces malloc itself',
  [UNTRACED_ARCHITECTURE]: 'it is built for another architecture',
  [UNTRACED_LIBC]: 'it uses another C library than this build of memtrace',
  [UNTRACED_UNREADABLE]: 'its file cannot be read',
  [UNTRACED_NO_SEGMENT]: 'there was no shared memory for it (a full /dev/shm, or a limit on files or memory)',
  [UNTRACED_EXCLUDED]: 'it was excluded (--only, --exclude)',
  [UNTRACED_OUT_OF_REACH]:
    'it runs as another user, or in another root directory, and cannot open the files of this session',
  [UNTRACED_CLEARED]: 'it was started by system or popen, after LD_PRELOAD was taken out of the environment',
  [UNTRACED_SANDBOX]: 'it is in a seccomp sandbox that would kill it for what tracing needs',
  [UNTRACED_SCRIPT]: 'it is a script whose interpreter cannot be traced or does not exist',
};

/** Did the user ask for it? */
export const isExcluded = (untraced: string | undefined): boolean =>
  untraced !== undefined && untraced === reasons[UNTRACED_EXCLUDED];

export const untracedReason = (reason: number): string => reasons[reason] ?? 'for an unknown reason';
