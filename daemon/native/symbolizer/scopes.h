/* scopes.h — which namespaces, classes and functions enclose a function of a unit. */
#ifndef SYMBOLIZER_SCOPES_H
#define SYMBOLIZER_SCOPES_H

#include <elfutils/libdw.h>

#define SCOPE_NONE ((size_t)-1)

/* A DIE tree is stored in preorder: scope S encloses D <=> S.first < offset(D) <= S.last. */
struct scope {
    Dwarf_Die die;
    Dwarf_Off first, last; /* offset of the scope itself, of the last DIE visited inside */
    size_t parent;         /* index, or SCOPE_NONE */
};

struct scopes {
    struct scope *items; /* in preorder */
    size_t count, capacity;
};

/* Opens a scope below `parent`; to be closed before its next sibling is opened. */
size_t scopes_open(struct scopes *scopes, Dwarf_Die *die, size_t parent);
/* Closes it at the last visited offset. */
void scopes_close(struct scopes *scopes, size_t scope, Dwarf_Off last);
/* Forgets it and all inside: nothing that needs a name is in there. */
void scopes_drop(struct scopes *scopes, size_t scope);
/* The innermost scope that encloses the DIE at `offset`, or SCOPE_NONE. */
size_t scopes_around(const struct scopes *scopes, Dwarf_Off offset);
void scopes_free(struct scopes *scopes);

#endif
