/* codes.c — the table of code objects and their records. Rules: codes.h. */
#include "shim/python/codes.h"

#include <string.h>

#include "shim/platform/os.h"
#include "shim/python/interpreter.h"
#include "shim/python/text.h"

#define RESERVE_GRANULE (UINT64_C(256) << 10)
#define FILE_BYTES      2048
#define NAME_BYTES      512
#define LINES_MOST      (1u << 20) /* a line table larger than this is not believed */

static const struct python_layout layouts[] = {PYTHON_3_8,  PYTHON_3_9,  PYTHON_3_10,
                                               PYTHON_3_11, PYTHON_3_12, PYTHON_3_13};

/* A code object's content, on its way into a record. */
struct content {
    struct python_code head;
    uint64_t hash;
    const uint8_t *lines;
    char name[NAME_BYTES];
    char file[FILE_BYTES];
};

static uint64_t hash_bytes(uint64_t hash, const void *bytes, uint32_t count) {
    const uint8_t *at = bytes;
    for (; count >= 8; count -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    while (count-- > 0)
        hash = (hash ^ *at++) * UINT64_C(0xd6e8feb86659fd93);
    return hash ^ hash >> 32;
}

static struct codes *table(void) {
    struct codes *codes = load_acquire(&process->codes), *none = NULL;
    if (codes)
        return codes;
    codes = os_map_private(sizeof *codes);
    if (!codes)
        return NULL;
    codes->epoch = 1;
    if (__atomic_compare_exchange_n(&process->codes, &none, codes, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return codes;
    os_unmap(codes, sizeof *codes);
    return none;
}

static void read_content(uintptr_t code, struct content *content) {
    const struct python_layout *l = &layouts[python.minor - PYTHON_MINOR_FIRST];
    struct python_code *head = &content->head;
    uintptr_t lines = *(uintptr_t *)(code + (uintptr_t)l->code_lines);
    uint64_t lines_bytes = lines ? *(uint64_t *)(lines + PYTHON_SIZE) : 0;
    *head = (struct python_code){.minor = (uint16_t)python.minor,
                                 .first_line = *(int32_t *)(code + (uintptr_t)l->code_first_line)};
    if (l->code_first_traceable >= 0)
        head->first_traceable = *(uint32_t *)(code + (uintptr_t)l->code_first_traceable) * 2;
    head->name_bytes =
        text_copy(l, *(uintptr_t *)(code + (uintptr_t)l->code_name), content->name, NAME_BYTES);
    head->file_bytes =
        text_copy(l, *(uintptr_t *)(code + (uintptr_t)l->code_file), content->file, FILE_BYTES);
    head->lines_bytes = lines_bytes <= LINES_MOST ? (uint32_t)lines_bytes : 0;
    content->lines = (const uint8_t *)(lines + PYTHON_BYTES);
    uint64_t hash = hash_bytes((uint64_t)head->first_line + 1, content->file, head->file_bytes);
    hash = hash_bytes(hash, content->name, head->name_bytes);
    content->hash = hash_bytes(hash, content->lines, head->lines_bytes);
}

static bool is_recorded_at(uint32_t id, const struct content *content) {
    const struct python_code *record = (const void *)(process->python_codes + (uint64_t)id * 8);
    const struct python_code *head = &content->head;
    const char *name = (const char *)(record + 1);
    return record->first_line == head->first_line && record->first_traceable == head->first_traceable &&
           record->name_bytes == head->name_bytes && record->lines_bytes == head->lines_bytes &&
           record->file_bytes == head->file_bytes && !memcmp(name, content->name, head->name_bytes) &&
           !memcmp(name + head->name_bytes, content->lines, head->lines_bytes) &&
           !memcmp(process->python_codes + record->file_offset, content->file, head->file_bytes);
}

/* Where this file name stands already; 0: nowhere known. */
static uint32_t known_file(const struct code_file *file, const struct content *content) {
    uint32_t offset = load_acquire(&file->offset);
    bool same = offset && file->bytes == content->head.file_bytes &&
                !memcmp(process->python_codes + offset, content->file, file->bytes);
    return same ? offset : 0;
}

static uint32_t write_record(struct codes *codes, struct content *content) {
    struct python_code head = content->head;
    struct code_file *file =
        &codes->files[hash_bytes(1, content->file, head.file_bytes) >> (64 - CODES_FILES_LOG2)];
    head.file_offset = known_file(file, content);
    uint32_t own_file = head.file_offset ? 0 : head.file_bytes;
    uint32_t bytes = (uint32_t)sizeof head + head.name_bytes + head.lines_bytes + own_file;
    bytes = (bytes + 7) & ~7u;
    uint32_t at =
        process_claim(&process->own.python_codes, process->own.python_codes_bytes, bytes,
                      process->own.python_codes_offset, &process->python_codes_reserved, 1, RESERVE_GRANULE);
    if (at == CLAIM_NONE)
        return CODES_NONE;
    uint8_t *out = process->python_codes + at + sizeof head;
    memcpy(out, content->name, head.name_bytes);
    memcpy(out += head.name_bytes, content->lines, head.lines_bytes);
    if (own_file) {
        memcpy(out += head.lines_bytes, content->file, own_file);
        head.file_offset = (uint32_t)(out - process->python_codes);
        file->bytes = own_file;
        store_release(&file->offset, head.file_offset);
    }
    head.record_bytes = bytes;
    memcpy(process->python_codes + at, &head, sizeof head);
    return at / 8;
}

static uint32_t record(struct codes *codes, uintptr_t code) {
    struct content content;
    if (*(void **)(code + PYTHON_TYPE) != python.code_type)
        return CODES_NOT_CODE;
    read_content(code, &content);
    uint32_t *known = &codes->contents[content.hash >> (64 - CODES_CONTENTS_LOG2)];
    uint32_t id = load_acquire(known);
    if (id && is_recorded_at(id, &content))
        return id;
    id = write_record(codes, &content);
    if (id)
        store_release(known, id);
    return id;
}

uint32_t codes_id(uintptr_t code) {
    struct codes *codes = table();
    if (!codes)
        return CODES_NONE;
    uint64_t hash = codes_hash(code);
    uint32_t mask = (1u << CODES_SLOTS_LOG2) - 1;
    for (uint32_t at = (uint32_t)(hash >> 40) & mask, probes = 0; probes < 64;
         at = (at + 1) & mask, probes++) {
        struct code_slot *slot = &codes->slot[at];
        uintptr_t address = load_acquire(&slot->address);
        if (!address &&
            !__atomic_compare_exchange_n(&slot->address, &address, code, false, __ATOMIC_ACQ_REL,
                                         __ATOMIC_ACQUIRE) &&
            address != code)
            continue;
        if (address && address != code)
            continue;
        uint32_t id = load_acquire(&slot->id);
        if (id)
            return id;
        id = record(codes, code);
        if (id != CODES_NONE && id != CODES_NOT_CODE) {
            uint64_t bit = hash >> (64 - CODES_FILTER_LOG2);
            __atomic_fetch_or(&codes->filter[bit / 64], UINT64_C(1) << bit % 64, __ATOMIC_RELEASE);
            store_release(&slot->id, id);
        }
        return id;
    }
    return record(codes, code); /* crowded: found by its content each time */
}

void codes_forget_slow(struct codes *codes, uintptr_t address) {
    uint32_t mask = (1u << CODES_SLOTS_LOG2) - 1;
    for (uint32_t at = (uint32_t)(codes_hash(address) >> 40) & mask, probes = 0; probes < 64;
         at = (at + 1) & mask, probes++) {
        struct code_slot *slot = &codes->slot[at];
        uintptr_t there = load_acquire(&slot->address);
        if (!there)
            return;
        if (there != address)
            continue;
        if (load_acquire(&slot->id)) {
            store_release(&slot->id, 0);
            __atomic_add_fetch(&codes->epoch, 1, __ATOMIC_RELEASE);
        }
        return;
    }
}
