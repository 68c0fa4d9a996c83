/* fde.h — the entry (FDE) of a module's .eh_frame that covers a pc, with the part that many entries share
 * (CIE).
 *
 * Looked up in the sorted table of .eh_frame_hdr, one by one where there is none. Rules and formats: cfi.h.
 */
#ifndef MEMTRACE_SHIM_FDE_H
#define MEMTRACE_SHIM_FDE_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/unwind/reader.h"

struct cie {
    uint64_t code_factor;
    int64_t data_factor;
    uint8_t pointer_encoding;
    bool has_augmentation_data;
    bool signal_frame;
    struct reader program;
};

struct fde {
    struct cie cie;
    uint64_t begin;
    uint64_t length;
    struct reader program;
};

/* False: there is none, or it is damaged, or returns by another register than `return_register`. */
bool fde_find(uintptr_t pc, uint32_t return_register, struct fde *fde);

/* Reads a pointer as DW_EH_PE has it. `data_base`: what DW_EH_PE_datarel is relative to. */
uint64_t read_encoded(struct reader *r, uint8_t encoding, uint64_t data_base);

#endif
