/* vdso.h — the code that the kernel maps into every process, as a file. */
#ifndef SYMBOLIZER_VDSO_H
#define SYMBOLIZER_VDSO_H

/* A descriptor with a copy of this process's vdso (the kernel gives all processes the same); -1 when there is
 * none. */
int vdso_open(void);

#endif
