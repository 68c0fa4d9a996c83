/* select.c — see select.h. */
#include "shim/select.h"

#include <string.h>

#include "shim/platform/os.h"

#define NAME_BYTES 1024

/* Does `pattern` (`*` any characters, `?` one) cover the whole of `text`? */
static bool matches(const char *pattern, const char *text) {
    const char *star = NULL, *from = text;
    while (*text)
        if (*pattern == '*') {
            star = ++pattern;
            from = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) { /* the last star takes one character more */
            pattern = star;
            text = ++from;
        } else {
            return false;
        }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* A pattern with a slash is one of paths, others are of names. */
static bool covers(const char *pattern, const char *path) {
    return matches(pattern, strchr(pattern, '/') ? path : last_part(path));
}

static bool any_covers(const char *list, const char *executable, const char *called) {
    const char *end = list + SELECTION_BYTES;
    for (; list < end && *list; list += strlen(list) + 1)
        if (covers(list, executable) || covers(list, called))
            return true;
    return false;
}

bool select_traces(const struct control *control, const char *executable) {
    if (!control->only[0] && !control->exclude[0])
        return true;
    char called[NAME_BYTES]; /* python3, where the executable is python3.11 */
    int64_t n = os_read_file("/proc/self/cmdline", called, sizeof called - 1);
    called[n > 0 ? n : 0] = 0;
    return (!control->only[0] || any_covers(control->only, executable, called)) &&
           !any_covers(control->exclude, executable, called);
}
