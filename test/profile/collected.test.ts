/** Programs whose objects no malloc sees say so. */
import test from 'ava';
import { collectedNotes } from '../../daemon/live/collected.js';

const notesWith = (...paths: readonly string[]) =>
  collectedNotes(paths.map((path) => ({ path, buildId: null })));

test('a program under PyPy, Java or Node.js is told that its objects are not in the report', (t) => {
  const lib = '/lib/x86_64-linux-gnu/libc.so.6';
  t.regex(notesWith(lib, '/usr/lib/x86_64-linux-gnu/libpypy3.9-c.so').join('\n'), /^PyPy keeps objects/);
  t.regex(notesWith('/usr/lib/jvm/java-17/lib/server/libjvm.so', lib).join('\n'), /^Java keeps objects/);
  t.regex(notesWith('/usr/bin/node').join('\n'), /^Node.js keeps objects/);
  t.deepEqual(notesWith(lib, '/usr/bin/python3.11', '/home/me/node/app', '/home/me/libjvm/main'), []);
});
