/* message.c — what the launcher itself has to say, in the three parts of every memtrace error.
 *
 * One write per message, so that lines of the program cannot come between; what fails is given up quietly.
 */
#include "cli/launcher/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static void put(const char *text, int length, int size) {
    if (length >= size)
        length = size - 1;
    if (length > 0 && write(STDERR_FILENO, text, (size_t)length) < 0)
        return; /* nobody is left to tell */
}

int message_error(int code, const char *message, const char *why, const char *remedy) {
    char text[8192];
    put(text, snprintf(text, sizeof text, "memtrace: %s\n  why: %s\n  try: %s\n", message, why, remedy),
        sizeof text);
    return code;
}

void message_line(const char *format, ...) {
    char line[4096], text[4200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    put(text, snprintf(text, sizeof text, "memtrace: %s\n", line), sizeof text);
}
