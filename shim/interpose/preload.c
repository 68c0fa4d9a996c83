/* preload.c — keeps LD_PRELOAD right across exec. Rules: preload.h. */
#define _GNU_SOURCE
#include "shim/interpose/preload.h"

#include <alloca.h>
#include <errno.h>
#include <paths.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/inspect.h"
#include "shim/process.h"
#include "shim/session.h"

#define VARIABLE       "LD_PRELOAD="
#define VARIABLE_BYTES (sizeof VARIABLE - 1)

static bool is_variable(const char *entry) {
    return strncmp(entry, VARIABLE, VARIABLE_BYTES) == 0;
}

static bool is_separator(char c) {
    return c == ':' || c == ' ';
}

/* Where the shim stands in the list, or NULL. */
static const char *find_shim(const char *list, const char *shim) {
    size_t length = strlen(shim);
    for (const char *at = list; (at = strstr(at, shim)); at += length)
        if ((at == list || is_separator(at[-1])) && (!at[length] || is_separator(at[length])))
            return at;
    return NULL;
}

/* Does the list name the shim of another session? The program was started by a `memtrace run` inside this
 * one: it is that session's. */
static bool has_other_shim(const char *list, const char *own) {
    static const char name[] = "/" SESSION_SHIM_LINK;
    size_t bytes = sizeof name - 1, own_bytes = strlen(own);
    for (const char *at = list; (at = strstr(at, name)); at += bytes) {
        const char *start = at, *end = at + bytes;
        while (start > list && !is_separator(start[-1]))
            start--;
        bool is_own = (size_t)(end - start) == own_bytes && memcmp(start, own, own_bytes) == 0;
        if ((!*end || is_separator(*end)) && !is_own)
            return true;
    }
    return false;
}

static const char *preload_of(char *const environment[]) {
    for (; environment && *environment; environment++)
        if (is_variable(*environment))
            return *environment + VARIABLE_BYTES;
    return NULL;
}

static enum untraced_reason reason_of(const char *program, const char *shim) {
    if (os_is_silent()) /* a look at the file could be fatal */
        return UNTRACED_SANDBOX;
    if (!program)
        return UNTRACED_NONE;
    enum untraced_reason reason = inspect_program(program);
    return reason == UNTRACED_NONE && inspect_is_cut_off(program, shim) ? UNTRACED_OUT_OF_REACH : reason;
}

static bool is_lost(enum untraced_reason reason) {
    return reason != UNTRACED_NONE || process_is_over();
}

static void decide(struct preload_plan *plan, const char *program, char *const environment[]) {
    int error = errno;
    const char *shim = session_shim_path(), *list = preload_of(environment);
    plan->program = program;
    plan->reason = UNTRACED_NONE;
    plan->change = PRELOAD_KEEP;
    plan->is_ours = shim && !(list && has_other_shim(list, shim));
    if (plan->is_ours) {
        bool present = list && find_shim(list, shim);
        plan->reason = reason_of(program, shim);
        if (is_lost(plan->reason) == present)
            plan->change = present ? PRELOAD_REMOVE : PRELOAD_ADD;
    }
    errno = error;
}

void preload_plan(struct preload_plan *plan, const char *path, bool search, char *const environment[]) {
    int error = errno;
    const char *program = path;
    if (search && !strchr(path, '/') && !os_is_silent())
        program = inspect_find_in_path(path, getenv("PATH"), plan->found, PRELOAD_PROGRAM_BYTES) == 0
                      ? plan->found
                      : NULL;
    decide(plan, program, environment);
    errno = error;
}

void preload_fd_path(int fd, char path[PRELOAD_FD_BYTES]) {
    char digits[12];
    int n = sizeof digits;
    digits[--n] = 0;
    do
        digits[--n] = (char)('0' + fd % 10);
    while ((fd /= 10) > 0);
    stpcpy(stpcpy(path, "/proc/self/fd/"), digits + n);
}

bool preload_join(char folder[PRELOAD_PROGRAM_BYTES], const char *path) {
    size_t length = path[0] == '/' ? 0 : strlen(folder);
    if (length + 1 + strlen(path) >= PRELOAD_PROGRAM_BYTES)
        return false;
    if (length > 0)
        folder[length++] = '/';
    strcpy(folder + length, path);
    return true;
}

void preload_plan_at(struct preload_plan *plan, int fd, const char *path, char *const environment[]) {
    preload_fd_path(fd, plan->found);
    bool is_known = !path[0] || preload_join(plan->found, path);
    decide(plan, is_known ? plan->found : NULL, environment);
}

void preload_announce(const struct preload_plan *plan, uint32_t pid) {
    int error = errno;
    if (plan->is_ours && plan->reason != UNTRACED_NONE && !process_is_over())
        session_announce_untraced(pid, plan->reason, plan->program);
    errno = error;
}

static size_t count_of(char *const environment[]) {
    size_t n = 0;
    while (environment && environment[n])
        n++;
    return n;
}

size_t preload_bytes(char *const environment[]) {
    const char *list = preload_of(environment), *shim = session_shim_path();
    size_t text = VARIABLE_BYTES + (list ? strlen(list) : 0) + (shim ? strlen(shim) : 0) + 2;
    return (count_of(environment) + 2) * sizeof(char *) + text;
}

static void write_with_shim(char *out, const char *list, const char *shim) {
    out = stpcpy(stpcpy(out, VARIABLE), shim);
    if (list && *list)
        stpcpy(stpcpy(out, ":"), list);
}

/* False: nothing is left of the list. */
static bool write_without_shim(char *out, const char *list, const char *shim) {
    const char *at = find_shim(list, shim), *rest = at + strlen(shim);
    if (*rest)
        rest++;
    else if (at > list)
        at--;
    char *end = mempcpy(stpcpy(out, VARIABLE), list, (size_t)(at - list));
    stpcpy(end, rest);
    return out[VARIABLE_BYTES] != 0;
}

char **preload_build(enum preload_change change, char *const environment[], void *memory) {
    char **out = memory, **at = out;
    char *text = (char *)(out + count_of(environment) + 2);
    const char *list = preload_of(environment), *shim = session_shim_path();
    bool keep = true;
    if (change == PRELOAD_ADD)
        write_with_shim(text, list, shim);
    else
        keep = write_without_shim(text, list, shim);
    for (; environment && *environment; environment++)
        if (!is_variable(*environment))
            *at++ = *environment;
    if (keep)
        *at++ = text;
    *at = NULL;
    return out;
}

static void take_out(const char *list, const char *shim) {
    char *rest = alloca(VARIABLE_BYTES + strlen(list) + 1);
    if (write_without_shim(rest, list, shim))
        setenv("LD_PRELOAD", rest + VARIABLE_BYTES, 1);
    else
        unsetenv("LD_PRELOAD");
}

void preload_before_shell(void) {
    int error = errno;
    const char *shim = session_shim_path(), *list = preload_of(environ);
    bool present = shim && list && find_shim(list, shim);
    struct preload_plan plan = {.program = _PATH_BSHELL,
                                .is_ours = shim && !(list && has_other_shim(list, shim))};
    if (os_is_silent())
        plan.reason = UNTRACED_SANDBOX;
    else if (plan.is_ours && inspect_is_cut_off(plan.program, shim))
        plan.reason = UNTRACED_OUT_OF_REACH;
    else if (!present)
        plan.reason = UNTRACED_CLEARED;
    preload_announce(&plan, PRELOAD_PID_UNKNOWN);
    if (plan.is_ours && present && is_lost(plan.reason))
        take_out(list, shim);
    errno = error;
}
