/* inspect.h — what preloading the shim into a program would do, told from its file alone.
 *
 * Called in a traced process between vfork and exec, by a signal handler too, and by the launcher before it
 * starts the first program. All functions are async-signal-safe: no allocation, no lock, no stdio, less than
 * 8 KiB of stack, every descriptor closed again. They change nothing but errno, which the caller preserves.
 */
#ifndef MEMTRACE_SHIM_INSPECT_H
#define MEMTRACE_SHIM_INSPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/session.h"

/* How many scripts may stand between a script and the binary that runs it (the kernel follows 4 or 5). */
#define INSPECT_SCRIPT_DEPTH 4
/* The kernel reads no more of a file to find its `#!` line. */
#define INSPECT_HEAD_BYTES 256

/* What would become of the program at `path` (relative to the working directory) with the shim preloaded:
 * UNTRACED_NONE when it would be traced, or when exec fails by itself or hands the file to something that is
 * not known here (a file without magic goes to /bin/sh). */
enum untraced_reason inspect_program(const char *path);

/* Would exec start `program`, and its loader then not get at the shim: in another root directory, or as
 * another user? The real one counts: where the effective one is another, nothing is preloaded anyway. */
bool inspect_is_cut_off(const char *program, const char *shim);

/* Finds `name` as execvp does: as it is when it has a slash, else in the folders of `path_variable` (NULL:
 * the system's default). Returns 0 and the path in `out`; else what exec would fail with: ENOENT, EACCES (a
 * file of this name exists but may not be executed), ENAMETOOLONG. */
int inspect_find_in_path(const char *name, const char *path_variable, char *out, size_t size);

/* What the kernel would load to run the program at `path`: the interpreter of a script, else the loader of a
 * dynamic ELF file. Returns its length, 0 when there is none. Longer names than fit are cut. */
size_t inspect_interpreter(const char *path, char *out, size_t size);

/* Why such a program is not traced: one English clause without a full stop, "it is statically linked, …". */
const char *inspect_reason(enum untraced_reason reason);

/* What to do about it, as a sentence without a full stop. */
const char *inspect_remedy(enum untraced_reason reason);

#endif
