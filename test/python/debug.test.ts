/** Programs that set up the interpreter's debug allocator where it is already, against what they print themselves. */
import test from 'ava';
import { interpreters, scriptPath, traceUntilEnd } from './support.js';

const BEFORE = 100;
const EACH = 100;
const GONE = 50;

for (const { version, path } of interpreters())
  for (const times of [0, 1, 3])
    test.serial(
      `Python ${version}: the debug allocator set up anew ${times} times is what it was`,
      async (t) => {
        const script = scriptPath('debug_again.py');
        const { lines, blocks } = await traceUntilEnd([path, '-X', 'dev', script, String(times)]);
        const said = lines.map((line) => line.split(' '));
        const live = said.filter(([what]) => what === 'live');
        t.is(live.length, BEFORE + times * EACH);
        const wrong = live.filter(([, address, line]) => {
          const frames = blocks.get(Number(address))?.frames ?? [];
          return frames.find(({ file }) => file === script)?.line !== Number(line);
        });
        t.deepEqual(wrong, []);
        const dead = said.filter(([what]) => what === 'dead');
        t.is(dead.length, GONE);
        t.deepEqual(
          dead.filter(([, address]) => blocks.has(Number(address))),
          [],
        );
      },
    );
