/* debug_dirs.h — where separate debug files are looked for. */
#ifndef SYMBOLIZER_DEBUG_DIRS_H
#define SYMBOLIZER_DEBUG_DIRS_H

/* Search path in libdwfl's form: "" (beside the file), ".debug" (below it), then directory trees. */
extern char *debug_dirs;

/* Adds the trees of $MEMTRACE_DEBUG_DIRS (colon-separated, each laid out like /usr/lib/debug). Call once. */
void debug_dirs_init(void);
/* Opens TREE/.build-id/xx/yyyy.debug of the first tree that has it; -1 when none has. */
int debug_dirs_open(const char *build_id);

#endif
