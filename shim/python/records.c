/* records.c — reads code objects and writes their records. Rules: records.h. */
#include "shim/python/records.h"

#include <string.h>

#include "shim/areas.h"
#include "shim/platform/os.h"
#include "shim/python/interpreter.h"
#include "shim/python/text.h"

#define RESERVE_AHEAD (UINT64_C(256) << 10)
#define FILE_BYTES    2048
#define NAME_BYTES    512
#define LINES_MOST    (1u << 20) /* a line table larger than this is not believed */

static const struct python_layout layouts[] = {PYTHON_3_8,  PYTHON_3_9,  PYTHON_3_10,
                                               PYTHON_3_11, PYTHON_3_12, PYTHON_3_13};

/* A code object's content, on its way into a record. */
struct content {
    struct python_code head;
    uint32_t hash;
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
    content->hash = (uint32_t)hash_bytes(hash, content->lines, head->lines_bytes);
}

/* The program may have overwritten it. */
static bool is_in_use(uint32_t offset) {
    return offset <= load_relaxed(&process->own.python_codes);
}

static bool is_recorded_at(uint32_t id, const struct content *content) {
    const struct python_code *record = (const void *)(process->python_codes + (uint64_t)id * 8);
    const struct python_code *head = &content->head;
    const char *name = (const char *)(record + 1);
    return record->first_line == head->first_line && record->first_traceable == head->first_traceable &&
           record->name_bytes == head->name_bytes && record->lines_bytes == head->lines_bytes &&
           record->file_bytes == head->file_bytes && is_in_use(record->file_offset) &&
           !memcmp(name, content->name, head->name_bytes) &&
           !memcmp(name + head->name_bytes, content->lines, head->lines_bytes) &&
           !memcmp(process->python_codes + record->file_offset, content->file, head->file_bytes);
}

/* Where this file name stands already; 0: nowhere known. */
static uint32_t known_file(const struct record_file *file, const struct content *content) {
    bool same = file && file->offset && file->bytes == content->head.file_bytes &&
                !memcmp(process->python_codes + file->offset, content->file, file->bytes);
    return same ? file->offset : 0;
}

static uint32_t write_record(struct record_file *file, const struct content *content) {
    struct python_code head = content->head;
    head.file_offset = known_file(file, content);
    uint32_t own_file = head.file_offset ? 0 : head.file_bytes;
    uint32_t bytes = (uint32_t)sizeof head + head.name_bytes + head.lines_bytes + own_file;
    bytes = (bytes + 7) & ~7u;
    uint32_t at =
        areas_claim(&process->own.python_codes, process->own.python_codes_bytes, bytes,
                    process->own.python_codes_offset, &process->python_codes_reserved, 1, RESERVE_AHEAD);
    if (at == CLAIM_NONE)
        return RECORD_NONE;
    uint8_t *out = process->python_codes + at + sizeof head;
    memcpy(out, content->name, head.name_bytes);
    memcpy(out += head.name_bytes, content->lines, head.lines_bytes);
    if (own_file) {
        memcpy(out += head.lines_bytes, content->file, own_file);
        head.file_offset = (uint32_t)(out - process->python_codes);
        if (file)
            *file = (struct record_file){head.file_offset, own_file};
    }
    head.record_bytes = bytes;
    memcpy(process->python_codes + at, &head, sizeof head);
    return at / 8;
}

/* Four times as many slots. False: there is no memory for them. */
static bool grow(struct records *records) {
    uint32_t slots = records->slots ? records->slots * 4 : RECORDS_START_SLOTS;
    struct record_slot *larger = os_map_private(slots * sizeof *larger), *old = records->slot;
    if (!larger)
        return false;
    for (uint32_t i = 0; i < records->slots; i++) {
        uint32_t at = old[i].hash & (slots - 1);
        while (larger[at].id)
            at = (at + 1) & (slots - 1);
        larger[at] = old[i];
    }
    records->slot = larger;
    if (old)
        os_unmap(old, records->slots * sizeof *old);
    records->slots = slots;
    return true;
}

uint32_t records_id(struct records *records, uintptr_t code) {
    struct content content;
    read_content(code, &content);
    if (!records || (records->used >= records->slots / 2 && !grow(records)))
        return write_record(NULL, &content);
    struct record_slot *slot = &records->slot[content.hash & (records->slots - 1)];
    while (slot->id) {
        if (slot->hash == content.hash && is_recorded_at(slot->id, &content))
            return slot->id;
        slot = slot + 1 < records->slot + records->slots ? slot + 1 : records->slot;
    }
    uint64_t hash = hash_bytes(1, content.file, content.head.file_bytes);
    uint32_t id = write_record(&records->files[hash >> (64 - RECORDS_FILES_LOG2)], &content);
    if (id) {
        *slot = (struct record_slot){content.hash, id};
        records->used++;
    }
    return id;
}
