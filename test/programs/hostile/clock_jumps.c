/* clock_jumps.c — a preload: somebody sets the clock again and again, a year ahead, a year back. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long jump(void) {
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    long turn = (now.tv_sec * 1000 + now.tv_nsec / 1000000) / 50 % 3;
    return (turn - 1) * 365L * 24 * 3600;
}
int clock_gettime(clockid_t clock, struct timespec *out) {
    int result = syscall(SYS_clock_gettime, clock, out);
    if (result == 0 && clock == CLOCK_REALTIME)
        out->tv_sec += jump();
    return result;
}
int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    int result = syscall(SYS_gettimeofday, out, zone);
    if (result == 0)
        out->tv_sec += jump();
    return result;
}
time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
