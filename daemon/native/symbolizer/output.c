/* output.c — the writing half of the protocol: numbered strings, frames, status.
 *
 * An answer counts only once its end mark is written: the daemon throws away
 * what a child said before it died. Must never write a raw newline in a text.
 */
#define _GNU_SOURCE
#include "output.h"
#include "strings.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL_VERSION 1
#define TEXT_BYTES_MAX   8192 /* template names can run into megabytes; nobody reads them */

static struct strings known;

static void put_escaped(const char *text) {
    size_t length = strnlen(text, TEXT_BYTES_MAX);
    int cut = text[length] != 0;
    while (cut && length && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--; /* not in the middle of a UTF-8 character */
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            fputs("\\n", stdout);
        else if (text[i] == '\\')
            fputs("\\\\", stdout);
        else
            putchar_unlocked(text[i]);
    }
    if (cut)
        fputs("...", stdout);
}

static void flush(void) {
    if (fflush(stdout) != 0)
        exit(0); /* the daemon is gone */
}

void output_hello(void) {
    printf("memtrace-symbolizer %d\n", PROTOCOL_VERSION);
    flush();
}

uint32_t output_string(const char *text) {
    int found;
    uint32_t *number = strings_at(&known, text, &found);
    if (!found) {
        *number = (uint32_t)known.count; /* 1, 2, 3...: 0 is STRING_UNKNOWN */
        printf("S ");
        put_escaped(text);
        putchar_unlocked('\n');
    }
    return *number;
}

void output_status(uint32_t module, const char *state, const char *detail) {
    printf("M %u %s ", module, state);
    put_escaped(detail);
    putchar_unlocked('\n');
}

void output_frames(const struct frame *frames, size_t count) {
    putchar_unlocked('F');
    for (size_t i = 0; i < count; i++)
        printf(" %u %u %u", frames[i].function, frames[i].file, frames[i].line);
    putchar_unlocked('\n');
}

void output_end(void) {
    puts("E");
    flush();
}
