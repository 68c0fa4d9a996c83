"""Runs many code objects, all alive at a time, and then ever new ones at the addresses of dead ones.

usage: many_codes.py COUNT

Every one has a line of its own. Prints, as stress.py does, one JSON line for each object that is kept.
"""
import json
import sys
import tracemalloc
import types

tracemalloc.start(3)


def template(number):
    return 'kept %d' % number


def codes(count, first_line):
    for number in range(count):
        yield template.__code__.replace(co_name='template_%d' % number, co_firstlineno=first_line + number)


def call(code, number):
    return types.FunctionType(code, {})(number)


kept = []
alive = list(codes(int(sys.argv[1]), 1000))
for number, code in enumerate(alive):
    kept.append(call(code, number) if number % 20 == 0 else len(call(code, number)))
for round in range(4):
    del alive[round::5]
    for number, code in enumerate(codes(3000, 1000000 * (round + 1))):
        kept.append(call(code, number))

print('kept')
for one in kept:
    if isinstance(one, str):
        frames = [[frame.filename, frame.lineno] for frame in reversed(tracemalloc.get_object_traceback(one))]
        print(json.dumps([id(one), False, 'str', frames]))
print('end', flush=True)
sys.stdin.readline()
