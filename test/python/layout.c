/* layout.c — holds shim/python/layout.h against the headers of one version; compiled by layout.test.ts. */
#define PY_SSIZE_T_CLEAN
#define Py_BUILD_CORE 1
#include <Python.h>
#include <frameobject.h>
#include <stddef.h>
#if PY_VERSION_HEX >= 0x030B0000
#include "internal/pycore_frame.h"
#endif
#if PY_VERSION_HEX >= 0x030D0000
#include "internal/pycore_gc.h"
#endif

#include "shim/python/layout.h"

#define PASTE(a, b)   a##b
#define LAYOUT(minor) PASTE(PYTHON_3_, minor)
static const struct python_layout layout = LAYOUT(PY_MINOR_VERSION);

#define SAME(field, offset)                                                                                  \
    if (layout.field != (int)(offset))                                                                       \
        return __LINE__;
#define AT(type, member, offset) _Static_assert(offsetof(type, member) == (offset), #member)

AT(PyObject, ob_type, PYTHON_TYPE);
AT(PyVarObject, ob_size, PYTHON_SIZE);
AT(PyBytesObject, ob_sval, PYTHON_BYTES);
#if PY_VERSION_HEX >= 0x030D0000 /* what reused.c reads */
AT(PyTypeObject, tp_flags, PYTHON_TYPE_FLAGS);
_Static_assert(sizeof(PyGC_Head) == PYTHON_GC_HEAD, "collector's header");
_Static_assert(Py_TPFLAGS_HAVE_GC == PYTHON_TYPE_IS_GC, "flag");
_Static_assert(Py_TPFLAGS_PREHEADER == PYTHON_TYPE_PREHEADER, "flag");
#endif
AT(PyASCIIObject, length, PYTHON_TEXT_LENGTH);
AT(PyASCIIObject, state, PYTHON_TEXT_STATE);

int main(void) {
    SAME(minor, PY_MINOR_VERSION)
#if PY_VERSION_HEX >= 0x030D0000
    SAME(thread_frame, offsetof(PyThreadState, current_frame))
    SAME(frame_code, offsetof(_PyInterpreterFrame, f_executable))
    SAME(frame_instruction, offsetof(_PyInterpreterFrame, instr_ptr))
#elif PY_VERSION_HEX >= 0x030B0000
    SAME(thread_cframe, offsetof(PyThreadState, cframe))
    SAME(cframe_frame, offsetof(_PyCFrame, current_frame))
    SAME(frame_code, offsetof(_PyInterpreterFrame, f_code))
    SAME(frame_instruction, offsetof(_PyInterpreterFrame, prev_instr))
#else
    SAME(thread_frame, offsetof(PyThreadState, frame))
    SAME(frame_code, offsetof(PyFrameObject, f_code))
    SAME(frame_back, offsetof(PyFrameObject, f_back))
    SAME(frame_instruction, offsetof(PyFrameObject, f_lasti))
#endif
#if PY_VERSION_HEX >= 0x030B0000
    SAME(frame_back, offsetof(_PyInterpreterFrame, previous))
    SAME(frame_owner, offsetof(_PyInterpreterFrame, owner))
    SAME(code_name, offsetof(PyCodeObject, co_qualname))
    SAME(code_instructions, offsetof(PyCodeObject, co_code_adaptive))
    SAME(code_first_traceable, offsetof(PyCodeObject, _co_firsttraceable))
#else
    SAME(code_name, offsetof(PyCodeObject, co_name))
#endif
#if PY_VERSION_HEX >= 0x030C0000
    _Static_assert(FRAME_OWNED_BY_CSTACK == PYTHON_OWNER_C_STACK, "owner");
#elif PY_VERSION_HEX >= 0x030B0000
    SAME(frame_is_entry, offsetof(_PyInterpreterFrame, is_entry))
#endif
#if PY_VERSION_HEX >= 0x030A0000
    SAME(code_lines, offsetof(PyCodeObject, co_linetable))
#else
    SAME(code_lines, offsetof(PyCodeObject, co_lnotab))
#endif
    SAME(code_file, offsetof(PyCodeObject, co_filename))
    SAME(code_first_line, offsetof(PyCodeObject, co_firstlineno))
    SAME(text_ascii, sizeof(PyASCIIObject))
    SAME(text_compact, sizeof(PyCompactUnicodeObject))
    return 0;
}
