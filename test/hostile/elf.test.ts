/** What an ELF file is said to define. */
import test from 'ava';
import { readElf } from '../../daemon/doctor/elf.js';

test('a function is found by its name where it is among all of them, and nowhere else', (t) => {
  for (const path of [process.execPath, '/bin/sh', '/proc/self/exe'])
    for (const symbols of ['exported', 'all'] as const) {
      const elf = readElf(path, symbols);
      const functions = elf?.functions() ?? new Set();
      if (path === process.execPath) t.true(functions.size > 1000);
      const some = [...functions].filter((_, at) => at % Math.ceil(functions.size / 50) === 0);
      // Imported, the ends of longer names, no function, none at all.
      const others = ['malloc', 'free', 'lloc', 'printf', 'main', 'environ', '_end', '', 'no such name'];
      for (const name of [...some, ...others])
        t.is(elf?.defines(name), functions.has(name), `${path}: ${name}`);
    }
});
