"""Makes objects of many kinds. With the argument `tracemalloc` prints the bytes of the line that makes them, as
tracemalloc counts them; else waits before it ends."""
import sys

keep = []


def make():
    for i in range(20000):
        keep.append({'id': i, 'name': 'name %d' % i, 'tags': [str(i), i * 1.5], 'blob': b'x' * (i % 1500)})


if 'tracemalloc' in sys.argv:
    import tracemalloc

    tracemalloc.start()
    make()
    for row in tracemalloc.take_snapshot().statistics('lineno'):
        if row.traceback[0].filename == __file__:
            print(row.traceback[0].lineno, row.size)
else:
    make()
    print('end', flush=True)
    sys.stdin.readline()
