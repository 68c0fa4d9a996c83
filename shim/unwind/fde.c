/* fde.c — finds the entry of .eh_frame that covers a pc. Rules: fde.h. */
#include "shim/unwind/fde.h"

#include "shim/platform/modules.h"

/* DW_EH_PE: low nibble the format, bits 4-6 what it is relative to, bit 7 an indirection. */
enum {
    PE_ABSPTR = 0x00,
    PE_ULEB128 = 0x01,
    PE_UDATA2 = 0x02,
    PE_UDATA4 = 0x03,
    PE_UDATA8 = 0x04,
    PE_SLEB128 = 0x09,
    PE_SDATA2 = 0x0a,
    PE_SDATA4 = 0x0b,
    PE_SDATA8 = 0x0c,
    PE_PCREL = 0x10,
    PE_DATAREL = 0x30,
    PE_OMIT = 0xff
};

uint64_t read_encoded(struct reader *r, uint8_t encoding, uint64_t data_base) {
    uint64_t at = (uint64_t)r->at, value;
    switch (encoding & 0x0f) {
    case PE_ABSPTR:
    case PE_UDATA8:
    case PE_SDATA8:
        value = read_u64(r);
        break;
    case PE_ULEB128:
        value = read_uleb(r);
        break;
    case PE_UDATA2:
        value = read_u16(r);
        break;
    case PE_UDATA4:
        value = read_u32(r);
        break;
    case PE_SLEB128:
        value = (uint64_t)read_sleb(r);
        break;
    case PE_SDATA2:
        value = (uint64_t)(int64_t)read_s16(r);
        break;
    case PE_SDATA4:
        value = (uint64_t)(int64_t)read_s32(r);
        break;
    default:
        r->bad = true;
        return 0;
    }
    if (value == 0)
        return 0;
    switch (encoding & 0x70) {
    case 0:
        return value;
    case PE_PCREL:
        return value + at;
    case PE_DATAREL:
        return value + data_base;
    default:
        r->bad = true;
        return 0;
    }
}

/* Reads the CIE at `at`, which must lie inside `bounds`. */
static bool read_cie(const uint8_t *at, struct reader bounds, uint32_t return_register, struct cie *cie) {
    if (at < bounds.at || at >= bounds.end)
        return false;
    struct reader r = {at, bounds.end, false};
    uint32_t length = read_u32(&r);
    if (length == UINT32_MAX || !reader_has(&r, length))
        return false;
    r.end = r.at + length;
    if (read_u32(&r) != 0) /* a CIE's id is 0 in .eh_frame */
        return false;
    uint8_t version = read_u8(&r);
    const char *augmentation = (const char *)r.at;
    while (read_u8(&r) && !r.bad)
        ;
    if (r.bad || (version != 1 && version != 3))
        return false;
    *cie = (struct cie){.code_factor = read_uleb(&r)};
    cie->data_factor = read_sleb(&r);
    uint64_t return_column = version == 1 ? read_u8(&r) : read_uleb(&r);
    if (return_column != return_register)
        return false;
    if (augmentation[0] == 'z') {
        cie->has_augmentation_data = true;
        uint64_t bytes = read_uleb(&r);
        if (!reader_has(&r, bytes))
            return false;
        const uint8_t *program = r.at + bytes;
        for (const char *a = augmentation + 1; *a; a++) {
            if (*a == 'R')
                cie->pointer_encoding = read_u8(&r);
            else if (*a == 'L')
                read_u8(&r);
            else if (*a == 'P')
                read_encoded(&r, read_u8(&r) & 0x7f, 0);
            else if (*a == 'S')
                cie->signal_frame = true;
            else if (*a != 'B' && *a != 'G')
                break;
        }
        if (r.bad)
            return false;
        r.at = program;
    } else if (augmentation[0]) {
        return false;
    }
    cie->program = r;
    return !r.bad;
}

/* Reads the FDE at `at` and its CIE. `next` gets where the following entry starts (for a linear search). */
static bool read_fde(const uint8_t *at, struct reader bounds, uint32_t return_register, struct fde *fde,
                     const uint8_t **next) {
    if (at < bounds.at || at >= bounds.end)
        return false;
    struct reader r = {at, bounds.end, false};
    uint64_t length = read_u32(&r);
    if (length == UINT32_MAX)
        length = read_u64(&r);
    if (length == 0 || !reader_has(&r, length))
        return false;
    r.end = r.at + length;
    if (next)
        *next = r.end;
    const uint8_t *id_at = r.at;
    uint32_t cie_distance = read_u32(&r);
    if (cie_distance == 0 || !read_cie(id_at - cie_distance, bounds, return_register, &fde->cie))
        return false;
    fde->begin = read_encoded(&r, fde->cie.pointer_encoding, 0);
    fde->length = read_encoded(&r, fde->cie.pointer_encoding & 0x0f, 0);
    if (fde->cie.has_augmentation_data)
        reader_skip(&r, read_uleb(&r));
    fde->program = r;
    return !r.bad;
}

static bool fde_covers(const struct fde *fde, uintptr_t pc) {
    return pc - fde->begin < fde->length;
}

/* The sorted table of .eh_frame_hdr: pairs {function start, FDE}, both relative to the header. */
static bool search_table(const uint8_t *header, struct reader table, uint64_t count, uintptr_t pc,
                         struct reader bounds, uint32_t return_register, struct fde *fde) {
    int64_t relative = (int64_t)pc - (int64_t)(uintptr_t)header;
    uint64_t low = 0, high = count;
    if (count == 0 || count > (uint64_t)(table.end - table.at) / 8)
        return false;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int32_t start;
        memcpy(&start, table.at + middle * 8, sizeof start);
        if (start <= relative)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    int32_t where;
    memcpy(&where, table.at + (low - 1) * 8 + 4, sizeof where);
    return read_fde(header + where, bounds, return_register, fde, NULL) && fde_covers(fde, pc);
}

static bool search_linear(const uint8_t *eh_frame, uintptr_t pc, struct reader bounds,
                          uint32_t return_register, struct fde *fde) {
    const uint8_t *at = eh_frame;
    for (;;) {
        const uint8_t *next = NULL;
        if (read_fde(at, bounds, return_register, fde, &next) && fde_covers(fde, pc))
            return true;
        if (!next)
            return false;
        at = next;
    }
}

bool fde_find(uintptr_t pc, uint32_t return_register, struct fde *fde) {
    struct loaded_module module;
    if (!platform_find_module(pc, &module) || !module.eh_frame_header)
        return false;
    const uint8_t *header = module.eh_frame_header;
    struct reader bounds = {(const uint8_t *)module.base, (const uint8_t *)module.end, false};
    struct reader r = {header, bounds.end, false};
    if (read_u8(&r) != 1)
        return false;
    uint8_t frame_encoding = read_u8(&r), count_encoding = read_u8(&r), table_encoding = read_u8(&r);
    uint64_t eh_frame = read_encoded(&r, frame_encoding, (uint64_t)header);
    if (r.bad)
        return false;
    if (count_encoding != PE_OMIT && table_encoding == (PE_DATAREL | PE_SDATA4)) {
        uint64_t count = read_encoded(&r, count_encoding, (uint64_t)header);
        return !r.bad && search_table(header, r, count, pc, bounds, return_register, fde);
    }
    return search_linear((const uint8_t *)eh_frame, pc, bounds, return_register, fde);
}
