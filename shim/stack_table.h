/* stack_table.h — the process's table from a stack's key to its id.
 *
 * A cache in front of the tree (nodes.h): an entry that is missing costs time, never correctness. Lock-free;
 * grows by being built anew, what is added to the old table meanwhile is found again through the tree.
 */
#ifndef MEMTRACE_SHIM_STACK_TABLE_H
#define MEMTRACE_SHIM_STACK_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/unwind/key.h"

/* 0: not there. */
uint32_t stack_table_find(struct stack_key key);
void stack_table_add(struct stack_key key, uint32_t stack);

bool stack_table_start(void);
/* As nodes_forget. */
void stack_table_forget(void);

#endif
