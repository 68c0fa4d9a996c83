"""Makes objects of blocks that Python kept from others; says which line each was made at.

With the path of tracer.c's library: counts the objects made meanwhile, by a tracer of the program's own.
"""
import ctypes
import sys

tracer = ctypes.PyDLL(sys.argv[1]) if len(sys.argv) > 1 else None
keep = []


def first():
    """Fills the lists of free objects."""
    [[i] for i in range(200)]
    [i * 1.5 for i in range(200)]
    [(i, i) for i in range(200)]
    [{} for i in range(200)]


def second():
    keep.extend([[i] for i in range(50)])
    keep.extend([i * 1.5 for i in range(50)])
    keep.extend([(i, i) for i in range(50)])
    keep.extend([{} for i in range(50)])


first()
if tracer:
    tracer.start_counting()
second()
print(tracer.stop_counting() if tracer else 0)
first()
for each in keep:
    print(id(each), type(each).__name__)
print('end', flush=True)
sys.stdin.readline()
