/* paths.c — joins file names with the compilation directory and folds "//", "/./"
 * and "/../", so that one header is one file whatever unit included it.
 *
 * Purely textual: the sources need not exist on this machine. Names such as
 * "<artificial>" and "<built-in>" pass unchanged.
 */
#define _GNU_SOURCE
#include "paths.h"
#include "output.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES 8192

/* Folds in place. A leading "../" stays in a relative path, is nothing in an absolute one (the root has no
 * parent). */
static void fold(char *path) {
    char *out = path, *floor = path; /* nothing before `floor` is removed by ".." */
    const char *in = path;
    if (*in == '/')
        out++, in++, floor++;
    for (bool more = *in; more;) {
        size_t length = strcspn(in, "/");
        bool parent = length == 2 && in[0] == '.' && in[1] == '.';
        more = in[length] == '/'; /* looked at now: `out` may overwrite it */
        if (parent && out > floor) {
            out--; /* the slash */
            while (out > floor && out[-1] != '/')
                out--;
        } else if (length && !(length == 1 && in[0] == '.') && !(parent && path[0] == '/')) {
            memmove(out, in, length);
            out += length;
            *out++ = '/';
            if (parent)
                floor = out;
        }
        in += length + 1;
    }
    if (out > path + 1)
        out--; /* the last slash */
    *out = 0;
}

uint32_t paths_intern(const char *directory, const char *file) {
    char joined[PATH_BYTES];
    if (!*file)
        return STRING_UNKNOWN;
    if (file[0] == '<')
        return output_string(file);
    bool relative = file[0] != '/' && directory;
    int length =
        snprintf(joined, sizeof joined, "%s%s%s", relative ? directory : "", relative ? "/" : "", file);
    if (length < 0 || (size_t)length >= sizeof joined)
        return output_string(file);
    fold(joined);
    return output_string(joined);
}
