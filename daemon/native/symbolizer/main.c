/* main.c — memtrace-symbolizer: reads requests, answers them, one at a time.
 *
 * A process of its own because libdw 0.188 dies on some damaged files and on
 * files truncated while mapped. Speaks protocol.md on stdin and stdout and does
 * nothing else: no network, no other file than the modules and their debug
 * files. Ends with its daemon.
 */
#define _GNU_SOURCE
#include "debug_dirs.h"
#include "lookup.h"
#include "registry.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Not to outlive the daemon, not to be hit by the terminal's ^C, nor by what is sent to all processes of a
 * run, to be the first to go when memory is short. */
static void settle(void) {
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE};
    setsid(); /* fails when the daemon did so already */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    unsetenv("DEBUGINFOD_URLS");
    struct rlimit no_core = {1, 1}; /* 1, not 0: a core_pattern pipe ignores 0 */
    setrlimit(RLIMIT_CORE, &no_core);
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, "1000", 4) != 4)
            perror("oom_score_adj");
        close(fd);
    }
}

/* Undoes the escapes of protocol.md in place. */
static void unescape(char *text) {
    char *out = text;
    for (const char *in = text; *in; in++) {
        if (*in == '\\' && in[1]) {
            in++;
            *out++ = *in == 'n' ? '\n' : *in == 't' ? '\t' : *in;
        } else {
            *out++ = *in;
        }
    }
    *out = 0;
}

/* "M number \t build-id \t source \t name" */
static void define(char *line) {
    strsep(&line, "\t");
    char *number = strsep(&line, "\t"), *build_id = strsep(&line, "\t"), *source = strsep(&line, "\t");
    char *name = line;
    if (!number || !build_id || !source || !name)
        return;
    unescape(source);
    unescape(name);
    registry_define((unsigned)strtoul(number, NULL, 10), build_id, source, name);
}

/* "L \t number \t address address ..." */
static void answer(char *line) {
    static struct frame frames[LOOKUP_FRAMES_MAX];
    strsep(&line, "\t");
    char *number = strsep(&line, "\t"), *address;
    if (!number || !line)
        return;
    unsigned module_number = (unsigned)strtoul(number, NULL, 10);
    bool opened_now;
    struct module *module = registry_open(module_number, &opened_now);
    if (opened_now)
        output_status(module_number, module_state_word(module->state), module->detail);
    while ((address = strsep(&line, " ")))
        output_frames(frames, module ? lookup_address(module, strtoull(address, NULL, 16), frames) : 0);
    output_end();
    registry_trim();
}

int main(void) {
    settle();
    debug_dirs_init();
    output_hello();
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, stdin)) > 0) {
        if (line[length - 1] != '\n')
            break; /* cut off: the daemon died */
        line[length - 1] = 0;
        if (line[0] == 'M')
            define(line);
        else if (line[0] == 'L')
            answer(line);
    }
    free(line);
    return 0;
}
