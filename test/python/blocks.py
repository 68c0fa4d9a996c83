"""(bytearray puts a NUL behind its bytes.) Keeps more large blocks than a snapshot holds, made in no order of size, then ends or waits."""
import os
import sys

COUNT = 300
keep = []


def order(count):
    return (7 * i % count for i in range(count))


def make(indices):
    for i in indices:
        size = 100_000 + i
        keep.append(bytearray(size - 1))


make(order(COUNT))
print('end', os.getpid(), flush=True)
if sys.argv[1] == 'wait':
    sys.stdin.readline()
os._exit(0)
