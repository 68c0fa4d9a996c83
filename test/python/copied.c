/* copied.c — a program with Python inside that names two of Python's types. Built without -fPIE, it has them
 * copied: the addresses that the library's own symbol table gives are of nothing that is used.
 */
#include <Python.h>

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    Py_Initialize();
    int failed = PyRun_SimpleString(argv[1]);
    PyObject *text = PyUnicode_FromString("done");
    puts(PyUnicode_CheckExact(text) && !PyCode_Check(text) ? "done" : "");
    Py_Finalize();
    return failed != 0;
}
