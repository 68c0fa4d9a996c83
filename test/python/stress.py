"""Allocates in every way that moves Python's frames about, then says what tracemalloc knows of each live object.

Run under memtrace; waits for a line on stdin before it ends, so that its blocks can be looked at while they live.
Prints one JSON line for each object: [address of its block, type, [[file, line], ...] innermost first].
"""
import asyncio
import gc
import json
import sys
import threading
import tracemalloc

tracemalloc.start(3000)
keep = []


class Node:
    def __init__(self, payload):
        self.payload = payload
        self.items = [payload] * 3


class Slot:
    __slots__ = ('a', 'b')


def recurse(depth):
    if depth == 0:
        keep.append(Node({i: str(i) for i in range(5)}))
        keep.append(bytes(700))
        return 1
    return recurse(depth - 1) + 1 if depth % 2 else (
        recurse(depth - 1) +
        2)


def generate():
    for i in range(20):
        keep.append(('a' * i, [i, {}], i))
        got = yield Node(i)
        keep.append(got)


def delegate():
    yield from generate()


async def leaf(i):
    keep.append(Node(i))
    await asyncio.sleep(0)
    keep.append(bytearray(i))
    return Slot()


async def gather():
    keep.append(await asyncio.gather(*[leaf(i) for i in range(20)]))


def fail(depth):
    if depth:
        try:
            fail(depth - 1)
        finally:
            keep.append(Node(depth))
    raise ValueError('x' * 50)


class Dying:
    def __del__(self):
        keep.append(Node('died'))


class Property:
    @property
    def value(self):
        return [keep.append(Node(self)), {}]


def inner():
    keep.append(Slot())


def middle():
    inner()


def again():
    """The same frames at the same places, but for the line of an outer one; nothing is allocated in between."""
    middle()
    middle()
    (middle(),
     middle())


def recycled_code():
    """Code objects that come and go at the same addresses."""
    for i in range(200):
        source = '\n' * (i % 50) + 'def f(k):\n k.append(Node(%d))\n k.append(Slot())\nf(keep)' % i
        exec(compile(source, 'module%d.py' % i, 'exec'), {'keep': keep, 'Node': Node, 'Slot': Slot})


def work():
    for depth in (*range(1, 30), 200):
        recurse(depth)
    for make in (generate, delegate):
        it = make()
        next(it)
        for i in range(15):
            it.send(Node(i))
        keep.append(it)
    keep.append(json.loads(json.dumps({str(i): [i, {'z': i}] for i in range(100)})))
    keep.append(sorted([[3], [1], [2]], key=lambda v: (keep.append(Node(v)), v)[1]))
    keep.append(list(map(lambda v: Slot(), range(10))))
    try:
        fail(5)
    except ValueError as error:
        keep.append(error)
    for i in range(10):
        again()
    Dying()
    Property().value
    recycled_code()


sys.setrecursionlimit(5000)
work()
recurse(1000)
threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
asyncio.run(gather())

gc.collect()
objects = {id(o): o for o in gc.get_objects()}
pending = list(keep)
while pending:
    o = pending.pop()
    if id(o) in objects and not isinstance(o, (list, tuple)):
        continue
    objects[id(o)] = o
    if isinstance(o, (list, tuple)):
        pending.extend(x for x in o if id(x) not in objects)
    if isinstance(o, Node):
        pending.extend(x for x in (o.payload, o.items) if id(x) not in objects)

rows = []
for address, o in objects.items():
    if o is objects or o is rows or o is pending:
        continue
    trace = tracemalloc.get_object_traceback(o)
    if trace is None:
        continue
    frames = [[f.filename, f.lineno] for f in trace][::-1]
    is_gc = type(o).__flags__ & (1 << 14) != 0
    rows.append([address, is_gc, type(o).__name__, frames])
current = tracemalloc.get_traced_memory()[0]
out = sys.stdout
out.write(json.dumps({'version': sys.version_info[:2], 'traced': current}) + '\n')
for row in rows:
    out.write(json.dumps(row) + '\n')
out.write('end\n')
out.flush()
sys.stdin.readline()
