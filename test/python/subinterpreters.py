"""Scripts in interpreters beside the main one, one after the other and in threads."""
import threading

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

SCRIPT = '''
import json
class Node:
    def __init__(self, i):
        self.text = str(i) * 20
def work():
    return [Node(i) for i in range(3000)]
kept = work()
kept.append(bytearray(100000))
json.loads(json.dumps([each.text for each in kept[:-1]]))
del kept[::2]
'''


def run():
    for _ in range(3):
        interpreter = interpreters.create()
        interpreters.run_string(interpreter, SCRIPT)
        interpreters.destroy(interpreter)


run()
threads = [threading.Thread(target=run) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print('done')
