/** A child that runs with other rights than its parent: the loader ignores the preload there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { type Need, root, where } from '../where.js';
import { compile, snapshotOf, trace } from './harness.js';

const WHO = `#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    const char *preload = getenv("LD_PRELOAD");
    printf("%d %s%c", geteuid() != getuid(), preload ? preload : "nothing", 10);
    return 5;
}
`;

const child = compile(WHO, 'c');
if (root.isThere) {
  execFileSync('chown', ['nobody', child]);
  chmodSync(child, 0o4755);
}
const bare = spawnSync(child, { encoding: 'utf8' });
const setuid: Need = {
  what: 'root, and a folder of temporary files that allows setuid programs',
  isThere: bare.stdout.startsWith('1'),
};

where(setuid)(
  'a setuid program among the children keeps its rights, is left alone and named with the reason',
  async (t) => {
    const ran = await trace(['sh', '-c', `${child}; exit $?`]);
    t.deepEqual([ran.code, ran.stdout], [bare.status, bare.stdout]);
    t.is(ran.code, 5);
    t.regex(ran.stderr, /setuid/);
    t.is(snapshotOf(ran).capture.untracedChildren, 1);
  },
);
