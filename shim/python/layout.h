/* layout.h — where CPython keeps what a frame walk reads, by version, on x86-64 builds with a GIL.
 *
 * Taken from the headers of each version (3.8 … 3.13); test/python/layout.c, compiled by a test with the
 * headers that are on the machine, fails where they differ. -1: this version has no such field.
 */
#ifndef MEMTRACE_SHIM_PYTHON_LAYOUT_H
#define MEMTRACE_SHIM_PYTHON_LAYOUT_H

#include <stdint.h>

#define PYTHON_MINOR_FIRST 8
#define PYTHON_MINOR_LAST  13

struct python_layout {
    int16_t minor;
    /* PyThreadState: the current frame, or a _PyCFrame that holds it */
    int16_t thread_frame, thread_cframe, cframe_frame;
    /* PyFrameObject, from 3.11 on _PyInterpreterFrame */
    int16_t frame_back, frame_code, frame_instruction, frame_owner, frame_is_entry;
    /* PyCodeObject: `name` is the qualified one where there is one */
    int16_t code_file, code_name, code_first_line, code_lines, code_first_traceable, code_instructions;
    /* PyASCIIObject and PyCompactUnicodeObject: where their characters begin */
    int16_t text_ascii, text_compact;
};

/* Fields that did not change. */
#define PYTHON_TYPE       8         /* PyObject.ob_type */
#define PYTHON_SIZE       16        /* PyVarObject.ob_size */
#define PYTHON_BYTES      32        /* PyBytesObject.ob_sval */
#define PYTHON_TYPE_FLAGS 168       /* PyTypeObject.tp_flags */
#define PYTHON_TYPE_IS_GC (1 << 14) /* Py_TPFLAGS_HAVE_GC: a PyGC_Head lies before the object */
#define PYTHON_GC_HEAD    16
/* From 3.12 on: Py_TPFLAGS_PREHEADER, two pointers lie before that. */
#define PYTHON_TYPE_PREHEADER (3 << 3)
#define PYTHON_PREHEADER      16
#define PYTHON_TEXT_LENGTH    16 /* PyASCIIObject.length */
#define PYTHON_TEXT_STATE     32 /* PyASCIIObject.state */
#define PYTHON_OWNER_C_STACK  3  /* FRAME_OWNED_BY_CSTACK: stands for a call of the interpreter from C */

/* clang-format off */
/*                    minor  thread         frame: back code instr owner entry  code: file name line lines tr. instr  text */
#define PYTHON_3_8  {     8,   24, -1, -1,         24,  32,  104,   -1,   -1,         104, 112,  40,  120, -1,  -1,   48, 72}
#define PYTHON_3_9  {     9,   24, -1, -1,         24,  32,  104,   -1,   -1,         104, 112,  40,  120, -1,  -1,   48, 72}
#define PYTHON_3_10 {    10,   24, -1, -1,         24,  32,   96,   -1,   -1,         104, 112,  40,  120, -1,  -1,   48, 72}
#define PYTHON_3_11 {    11,   -1, 56,  8,         48,  32,   56,   69,   68,         112, 128,  72,  136, 168, 184,  48, 72}
#define PYTHON_3_12 {    12,   -1, 56,  0,          8,   0,   56,   70,   -1,         112, 128,  68,  136, 176, 192,  40, 56}
#define PYTHON_3_13 {    13,   72, -1, -1,          8,   0,   56,   70,   -1,         112, 128,  68,  136, 184, 200,  40, 56}
/* clang-format on */

#endif
