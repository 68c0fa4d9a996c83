"""C libraries that allocate for Python lines; each line says what is expected of it."""
import ctypes
import sqlite3
import sys
import zlib

keep = []


def compress():
    keep.append(zlib.compressobj(9))  # zlib: over 200 kB


def query():
    base = sqlite3.connect(':memory:')
    base.execute('create table t(a)')
    base.executemany('insert into t values (?)', (('x' * 900,) for _ in range(300)))  # sqlite: over 200 kB
    keep.append(base)


def key(value):
    keep.append(bytearray(100_000))  # called by sorted
    return value


def callback(a, b):
    keep.append(bytearray(200_000))  # called by qsort
    return 0


compress()
query()
sorted([3, 1, 2], key=key)
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(callback)
array = (ctypes.c_int * 2)(2, 1)
ctypes.CDLL(None).qsort(array, 2, 4, compare)
print('end', flush=True)
sys.stdin.readline()
