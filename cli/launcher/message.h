/* message.h — what the launcher itself has to say, in the three parts of every memtrace error. */
#ifndef MEMTRACE_LAUNCHER_MESSAGE_H
#define MEMTRACE_LAUNCHER_MESSAGE_H

/* Exit codes of memtrace's own, as env and timeout have them. */
enum { EXIT_MEMTRACE = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/* "memtrace: MESSAGE", "  why: WHY", "  try: REMEDY", on stderr. Returns `code`. */
int message_error(int code, const char *message, const char *why, const char *remedy);

/* "memtrace: " and the rest as printf has it, one line on stderr. */
void message_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
