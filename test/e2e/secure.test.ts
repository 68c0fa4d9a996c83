/** A child that runs with other rights than its parent: the loader ignores the preload there. */
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import test from 'ava';
import { compile, removeFolders, run, snapshotOf, trace } from './harness.js';

test.after.always(removeFolders);

const WHO = `#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    const char *preload = getenv("LD_PRELOAD");
    printf("%d %s%c", geteuid() != getuid(), preload ? preload : "nothing", 10);
    return 5;
}
`;

test('a setuid program among the children keeps its rights, is left alone and named with the reason', async (t) => {
  if (process.getuid?.() !== 0) {
    t.log('not root, who alone can make a program another user’s: not tried');
    t.pass();
    return;
  }
  const child = compile(WHO, 'c');
  execFileSync('chown', ['nobody', child]);
  chmodSync(child, 0o4755);
  const command = ['sh', '-c', `${child}; exit $?`];
  const untraced = await run(command);
  if (!untraced.stdout.startsWith('1')) {
    t.log('the folder of temporary files does not allow setuid programs: not tried');
    t.pass();
    return;
  }
  const ran = await trace(command);
  t.deepEqual([ran.code, ran.stdout], [untraced.code, untraced.stdout]);
  t.is(ran.code, 5);
  t.regex(ran.stderr, /setuid/);
  t.is(snapshotOf(ran).capture.untracedChildren, 1);
});
