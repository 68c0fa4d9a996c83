/* codes.c — threads run code objects of their own, all at once, and free them: each lookup must lead to a
 * record of what the object at that address is now, and the death of a known object must be told.
 *
 * usage: codes SEED THREADS STEPS
 *
 * The objects are of Python 3.11's layout. An address is used again and again with other content; some
 * contents are shared by all threads. Now and then a thread goes on as if a signal handler had left for good
 * while it owned the table; a single one finds it owned by a thread that was stopped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/process.h"
#include "shim/python/codes.h"
#include "shim/python/interpreter.h"
#include "test/tables/process.h"
#include "test/tables/together.h"

#define OBJECTS  3000 /* of each thread: the table grows */
#define CONTENTS 5000 /* shared */
#define TEXT     64

static const struct python_layout layout = PYTHON_3_11;
static int code_type, text_type;
static uint32_t known, made_anew;
static bool seen[CONTENTS + 1];
static struct plan plan;

struct text {
    uint8_t head[48];
    char characters[TEXT];
};

struct object {
    _Alignas(16) uint8_t code[256];
    struct text name, file;
    uint8_t lines[64];
    uint32_t content; /* 0: dead */
    bool is_known;    /* and may be remembered */
    uint32_t epoch;   /* when it was looked up last */
};

/* Never freed: the address of a dead thread's object must not come to be another's. */
static struct object *objects_of[THREADS_MOST];
static struct thread *state_of[THREADS_MOST];

static void set(void *object, int64_t offset, uint64_t value, uint32_t bytes) {
    memcpy((uint8_t *)object + offset, &value, bytes);
}

static uintptr_t text(struct text *text, const char *format, uint32_t number) {
    int length = snprintf(text->characters, TEXT, format, number);
    set(text, PYTHON_TYPE, (uintptr_t)&text_type, 8);
    set(text, PYTHON_TEXT_LENGTH, (uint64_t)length, 8);
    set(text, PYTHON_TEXT_STATE, 1 << 2 | 1 << 5 | 1 << 6, 4);
    return (uintptr_t)text;
}

static void make(struct object *object, uint32_t content) {
    memset(object, 0, sizeof *object);
    set(object->code, PYTHON_TYPE, (uintptr_t)&code_type, 8);
    set(object->code, layout.code_name, text(&object->name, "name %u", content), 8);
    set(object->code, layout.code_file, text(&object->file, "file %u", content % 7), 8);
    set(object->code, layout.code_first_line, content, 4);
    set(object->code, layout.code_lines, (uintptr_t)object->lines, 8);
    set(object->lines, PYTHON_SIZE, content % 16, 8);
    memset(object->lines + PYTHON_BYTES, (int)content, content % 16);
    object->content = content;
}

static void check(uint32_t id, uint32_t content) {
    const struct python_code *record = (const void *)(process->python_codes + (uint64_t)id * 8);
    char name[TEXT], file[TEXT];
    snprintf(name, sizeof name, "name %u", content);
    snprintf(file, sizeof file, "file %u", content % 7);
    if (id == RECORD_NONE || (uint32_t)record->first_line != content || record->name_bytes != strlen(name) ||
        memcmp(record + 1, name, strlen(name)) || record->file_bytes != strlen(file) ||
        memcmp(process->python_codes + record->file_offset, file, strlen(file)) ||
        record->lines_bytes != content % 16)
        wrong("record %u is not that of code object %u", id, content);
}

static void look_up(struct thread *t, struct object *object) {
    bool kept = true;
    object->epoch = codes_epoch();
    uint32_t id = codes_id(t, (uintptr_t)object->code, &kept);
    check(id, object->content);
    object->is_known = kept;
    store_relaxed(&seen[object->content], true);
    __atomic_fetch_add(kept ? &known : &made_anew, 1, __ATOMIC_RELAXED);
}

/* Alone, nobody else can have told. */
static void free_object(struct thread *t, struct object *object) {
    uint32_t before = plan.threads == 1 ? codes_epoch() : object->epoch;
    codes_forget(t, (uintptr_t)object->code);
    if (object->is_known && codes_epoch() == before)
        wrong("nobody was told of the death of code object %u", object->content);
    object->content = 0;
    object->is_known = false;
}

static bool own_table(struct thread *owner) {
    struct codes *codes = load_acquire(&process->codes);
    struct thread *nobody = NULL;
    return codes && __atomic_compare_exchange_n(&codes->owner, &nobody, owner, false, __ATOMIC_ACQ_REL,
                                                __ATOMIC_RELAXED);
}

/* While another thread, which lives, was stopped with the table. */
static void look_up_without_table(struct thread *t, struct object *object) {
    static struct thread stopped;
    stopped.tid = os_pid();
    if (!own_table(&stopped))
        return;
    look_up(t, object);
    if (object->is_known)
        wrong("code object %u is remembered, though nobody would tell of its death", object->content);
    store_release(&process->codes->owner, NULL);
}

static void work(uint32_t number) {
    uint64_t state = plan.seed + number + 1;
    struct object *objects = objects_of[number] = calloc(OBJECTS, sizeof *objects);
    struct thread *t = state_of[number] = calloc(1, sizeof *t);
    t->tid = os_tid();
    thread_self = t;
    for (uint32_t step = 0; step < plan.steps; step++) {
        uint64_t random = next_random(&state);
        struct object *object = &objects[random % OBJECTS];
        uint32_t chance = random >> 20 & 1023;
        if (!object->content)
            make(object, 1 + (uint32_t)(random >> 32) % CONTENTS);
        else if (chance == 0 && plan.threads == 1)
            look_up_without_table(t, object);
        else if (chance == 0 && own_table(t)) /* a handler left for good */
            look_up(t, object);
        else if (chance < 512)
            look_up(t, object);
        else { /* sometimes by a thread that has no state */
            thread_self = plan.threads > 1 && chance < 520 ? NULL : t;
            free_object(thread_self, object);
            thread_self = t;
        }
    }
}

static void check_records(void) {
    uint32_t records = 0, contents = 0, at = PYTHON_CODES_START;
    for (; at < process->own.python_codes; records++)
        at += ((const struct python_code *)(process->python_codes + at))->record_bytes;
    for (uint32_t content = 0; content <= CONTENTS; content++)
        contents += seen[content];
    if (at != process->own.python_codes)
        wrong("the records end at %u of %u bytes", at, process->own.python_codes);
    if (plan.threads == 1 && records > contents + made_anew)
        wrong("%u records for %u contents, %u made without the table", records, contents, made_anew);
    if (plan.threads == 1 && made_anew > known / 100)
        wrong("%u look-ups did not get the table, %u did", made_anew, known);
}

int main(int count, char **args) {
    plan = plan_of(count, args);
    python.minor = 11;
    python.code_type = &code_type;
    python.text_type = &text_type;
    process_invent(4096, PYTHON_CODES_BYTES);
    together(plan.threads, work);
    check_records();
    return 0;
}
