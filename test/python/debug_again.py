"""Sets up the debug allocator anew, as often as asked, with objects alive from before: -X dev did it first.

Prints "live ADDRESS LINE" of each object that is kept and "dead ADDRESS" of each that is not; then "end".
"""
import ctypes
import sys

gone = [bytes(50000 + i) for i in range(50)]
kept = [[(b, 9) for b in (bytes(300 + i) for i in range(100))]]
for _ in range(int(sys.argv[1])):
    ctypes.pythonapi.PyMem_SetupDebugHooks()
    more = [bytes(100 + i) for i in range(100)]
    kept.append([(b, 12) for b in more])
dead = [id(b) for b in gone]
del gone
for block, line in sum(kept, []):
    print("live", id(block), line)
for address in dead:
    print("dead", address)
print("end", flush=True)
sys.stdin.readline()
