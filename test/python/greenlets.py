"""Allocates in greenlets that give way to each other in the middle of calls, some of them from C.

A greenlet takes its part of the C stack away and puts it back later: what lies at an address of the stack is another
call's each time, and the interpreter's frames change at once. Says what tracemalloc knows of each live object, as
stress.py does, with which it shares the rest; the objects are bytes, which are never taken from a list of free ones.
"""
import json
import sys
import tracemalloc

from greenlet import getcurrent, greenlet

tracemalloc.start(100)
keep = []
ready = []


def give_way():
    ready.append(getcurrent())
    main.switch()


def here(depth, worker):
    keep.append(bytes(40 + worker))
    give_way()
    keep.append(bytes(600 + depth))


def down(depth, worker):
    keep.append(bytes(20 + depth))
    if depth == 0:
        here(depth, worker)
    elif depth % 3 == 0:
        list(map(lambda below: down(below, worker), [depth - 1]))  # through C
    elif depth % 3 == 1:
        down(depth - 1, worker)
    else:
        here(depth, worker)
        down(depth - 1, worker)
    keep.append(bytes(30 + depth))


def work(worker):
    for turn in range(4):
        down(3 + (worker * 5 + turn) % 17, worker)


main = getcurrent()
for worker in range(12):
    ready.append(greenlet(lambda worker=worker: work(worker)))
while ready:
    ready.pop(len(keep) * 7 % len(ready)).switch()

rows = []
for kept in keep:
    trace = tracemalloc.get_object_traceback(kept)
    rows.append([id(kept), False, 'bytes', [[f.filename, f.lineno] for f in trace][::-1]])
out = sys.stdout
out.write('\n')
for row in rows:
    out.write(json.dumps(row) + '\n')
out.write('end\n')
out.flush()
sys.stdin.readline()
