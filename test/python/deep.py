"""Allocates at depths of thousands of calls, and says itself which lines every call was made from.

usage: deep.py DEPTH

A tree of calls, made beforehand, so that nothing allocates but what is kept. A main chain as deep as was asked for; at
some depths two probes hang from it, chains of the same calls from two lines: each allocates at its end only, so that the
second stack differs from the first in one frame far out, and in nothing else.

Run under memtrace; waits for a line on stdin before it ends. Prints one JSON line for each call:
[index of the caller, line in the caller, address of what it allocated first, and its line, and of what it allocated
last, and its line], addresses 0 for none.
"""
import json
import random
import sys
import threading


class Call:
    __slots__ = ('caller', 'line', 'turn', 'first', 'second', 'third', 'down', 'back')

    def __init__(self, caller, line):
        self.caller = caller
        self.line = line
        self.turn = self.first = self.second = self.third = self.down = self.back = None


def descend(call):
    if call.down:
        call.down = bytes(40)
    if call.first and not call.turn:
        descend(call.first)
    if call.first and call.turn:
        descend(call.first)
    if call.second:
        descend(call.second)
    if call.third:
        descend(call.third)
    if call.back:
        call.back = bytes(40)


# Every second line of it.
DOWN, FIRST, FIRST_TURNED, SECOND, THIRD, BACK = range(descend.__code__.co_firstlineno + 2,
                                                       descend.__code__.co_firstlineno + 14, 2)

calls = []


def new_call(caller, line):
    calls.append(Call(caller, line))
    return len(calls) - 1


def new_chain(caller, line, turns):
    for turn in turns:
        at = new_call(caller, line)
        if calls[caller].first is None and line in (FIRST, FIRST_TURNED):
            calls[caller].first = calls[at]
        calls[at].turn = turn
        caller, line = at, FIRST_TURNED if turn else FIRST
    return caller


def new_probes(caller, length):
    turns = [chance.random() < 0.5 for _ in range(length)]
    for line, name in ((FIRST, 'first'), (SECOND, 'second')):
        at = len(calls)
        end = new_chain(caller, line, turns)
        setattr(calls[caller], name, calls[at])
        calls[end].down = True


LENGTHS = (1, 2, 100, 255, 256, 257, 511, 512, 513, 767, 768, 1023, 1024, 1025, 1500, 3000, 4000)
depth = int(sys.argv[1])
chance = random.Random(depth)
here = new_call(None, None)
for level in range(depth):
    if level % 17 == 0:
        calls[here].down = calls[here].back = True
    if level % 211 == 0:
        new_probes(here, min(LENGTHS[level // 211 % len(LENGTHS)], depth - level))
    there = new_call(here, THIRD)
    calls[here].third = calls[there]
    here = there
calls[here].down = calls[here].back = True

sys.setrecursionlimit(depth + 1000)
threading.stack_size(512 << 20)  # up to Python 3.10 a call takes C stack
thread = threading.Thread(target=descend, args=(calls[0],))
thread.start()
thread.join()


def address(kept):
    return id(kept) if isinstance(kept, bytes) else 0


out = sys.stdout
for call in calls:
    out.write(json.dumps([call.caller, call.line, address(call.down), DOWN, address(call.back), BACK]) + '\n')
out.write('end\n')
out.flush()
sys.stdin.readline()
