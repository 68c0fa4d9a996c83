"""What many programs do all day: parses, walks, dumps and loads; prints what does not depend on the run."""
import ast
import collections
import hashlib
import json
import sys

with open(ast.__file__, encoding='utf-8') as file:
    source = file.read()
kinds = collections.Counter()
for _ in range(3):
    tree = ast.parse(source)
    for node in ast.walk(tree):
        kinds[type(node).__name__] += 1
rows = [{'id': i, 'name': 'name %d' % i, 'share': i / 7, 'tags': [str(j) for j in range(i % 9)]} for i in range(4000)]
text = json.dumps(rows, indent=1, sort_keys=True)
again = json.loads(text)
index = {row['name']: row for row in again}
for i in range(0, 4000, 3):
    del index['name %d' % i]
print(sorted(kinds.items()))
print(len(index), hashlib.sha256(text.encode()).hexdigest(), again == rows)
sys.exit(7)
