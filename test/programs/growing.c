// growing — keeps a note in every third round and forgets a page in each, until it is ended; writes what it does.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct note {
    struct note *next;
    char text[200];
};

static struct note *volatile notes;
static char *volatile page;

__attribute__((noinline)) static void keep_note(int round) {
    struct note *note = malloc(sizeof *note); // the leak
    snprintf(note->text, sizeof note->text, "round %d", round);
    note->next = notes;
    notes = note;
}

__attribute__((noinline)) static void serve(int round) {
    page = malloc(1000);
    page[0] = (char)round;
    free(page);
    if (round % 3 == 0)
        keep_note(round);
}

int main(void) {
    page = malloc(8 << 20); // more than will ever leak
    for (int round = 0;; round++) {
        serve(round);
        if (round % 20 == 0)
            usleep(10000);
        if (round % 200 == 0)
            printf("round %d\n", round), fflush(stdout);
    }
}
