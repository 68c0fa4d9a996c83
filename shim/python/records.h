/* records.h — what is recorded of a code object in the segment (struct python_code): all that is needed to
 * name its lines when the object is long gone.
 *
 * Equal code objects (a module executed again and again) share one record, and those of a file its name. The
 * table by which that is known has one writer at a time (codes.h); without it a record is made anew.
 */
#ifndef MEMTRACE_SHIM_PYTHON_RECORDS_H
#define MEMTRACE_SHIM_PYTHON_RECORDS_H

#include <stdint.h>

#define RECORD_NONE         UINT32_C(0) /* there is no room for it */
#define RECORDS_FILES_LOG2  10
#define RECORDS_START_SLOTS (UINT32_C(1) << 10)

/* Zero at first. Memory of its own that is wiped on fork, as the segment it is about. */
struct records {
    uint32_t used;
    uint32_t slots; /* a power of two, or 0 */
    struct record_slot {
        uint32_t hash; /* of the content */
        uint32_t id;   /* 0: free */
    } * slot;
    /* File names by content, the last one of each hash. */
    struct record_file {
        uint32_t offset;
        uint32_t bytes;
    } files[1u << RECORDS_FILES_LOG2];
};

/* The record of this code object, which must be a live one. `records` may be NULL: it is made anew. */
uint32_t records_id(struct records *records, uintptr_t code);

#endif
