/* catalogue.c — as a library (-DLIBRARY): its constructor, which runs before the shim's, makes the process's
 * first allocation while it holds the C library's lock of message catalogues, as that of libgpg-error does.
 * As the program linked to it: takes that lock once more. */
#include <libintl.h>
#include <stdio.h>

#ifdef LIBRARY
__attribute__((constructor)) void catalogue_begin(void) {
    bindtextdomain("catalogue", "/usr/share/locale");
}
#else
void catalogue_begin(void);

int main(void) {
    catalogue_begin();
    puts(textdomain("catalogue"));
    return 0;
}
#endif
