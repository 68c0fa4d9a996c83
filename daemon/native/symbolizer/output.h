/* output.h — the writing half of the protocol (protocol.md). */
#ifndef SYMBOLIZER_OUTPUT_H
#define SYMBOLIZER_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#define STRING_UNKNOWN 0u /* the number of "no name" and "no file" */

struct frame {
    uint32_t function, file; /* numbers from output_string, or STRING_UNKNOWN */
    uint32_t line;           /* 0: unknown */
};

void output_hello(void);
/* The number of a text; announces it to the daemon when it is new. Very long texts are cut. */
uint32_t output_string(const char *text);
/* What became of opening a module: a word of protocol.md and a detail for people. */
void output_status(uint32_t module, const char *state, const char *detail);
/* The frames of one address, innermost first. */
void output_frames(const struct frame *frames, size_t count);
/* Ends the answer to one request and hands everything to the daemon. */
void output_end(void);

#endif
