/* paths.h — source file names as written by compilers, made comparable. */
#ifndef SYMBOLIZER_PATHS_H
#define SYMBOLIZER_PATHS_H

#include <stdint.h>

/* The output number of `file`, below `directory` (may be NULL) when it is relative. */
uint32_t paths_intern(const char *directory, const char *file);

#endif
