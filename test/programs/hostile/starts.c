/* starts.c HOW [PROGRAM [FOLDER]] — the ways to start a program that are not exec with a whole path. Without
 * any argument: says hello. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void ended(int status) {
    printf("%x\n", status);
    fflush(stdout);
}
static void shells(void) {
    ended(system("echo from a shell"));
    FILE *pipe = popen("echo from a pipe", "r");
    char line[100] = "";
    fgets(line, sizeof line, pipe);
    fputs(line, stdout);
    ended(pclose(pipe));
}
static void as_nobody(void) {
    setgroups(0, NULL);
    if (setgid(65534) || setuid(65534))
        puts("not root");
    if (fork() == 0)
        _exit(1);
    wait(NULL);
    shells();
}
static void cleared(void) {
    clearenv();
    shells();
}
static void spawn(char *program, const posix_spawn_file_actions_t *actions) {
    char *arguments[] = {program, NULL};
    pid_t pid;
    int status, error = posix_spawn(&pid, program, actions, NULL, arguments, environ);
    if (error)
        printf("%s\n", strerror(error));
    else if (waitpid(pid, &status, 0) == pid)
        ended(status);
}
static void spawn_in(char *program, char *folder, int by_descriptor) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 9, "/dev/null", O_RDONLY, 0);
    if (by_descriptor) {
        posix_spawn_file_actions_addfchdir_np(&actions, open(folder, O_RDONLY | O_DIRECTORY));
    } else {
        posix_spawn_file_actions_addchdir_np(&actions, folder);
        posix_spawn_file_actions_addchdir_np(&actions, ".");
    }
    spawn(program, &actions);
}
static void execute_in(char *program, char *folder) {
    int fd = open(folder, O_PATH | O_DIRECTORY);
    char *arguments[] = {program, NULL};
    if (fork() == 0)
        _exit(execveat(fd, program, arguments, environ, 0) ? 9 : 0);
    int status;
    wait(&status);
    ended(status);
}

int main(int argc, char **argv) {
    const char *how = argv[1];
    void *volatile block = malloc(100);
    free(block);
    if (argc == 1)
        puts("hello");
    else if (strcmp(how, "shells") == 0)
        shells();
    else if (strcmp(how, "as-nobody") == 0)
        as_nobody();
    else if (strcmp(how, "cleared") == 0)
        cleared();
    else if (strcmp(how, "spawn") == 0)
        spawn(argv[2], NULL);
    else if (strcmp(how, "spawn-chdir") == 0)
        spawn_in(argv[2], argv[3], 0);
    else if (strcmp(how, "spawn-fchdir") == 0)
        spawn_in(argv[2], argv[3], 1);
    else if (strcmp(how, "execveat") == 0)
        execute_in(argv[2], argv[3]);
    return 0;
}
