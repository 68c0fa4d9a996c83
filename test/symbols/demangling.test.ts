/** Names of the symbol table are shown as the language writes them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openSymbolizer } from '../../daemon/symbols/symbolizer.js';
import { installed, where } from '../where.js';
import { functionAddresses, moduleRef, namesAt, run, sourceOf, temporaryFolder } from './support.js';

const languages: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'C++': [
    ['_ZN3app5ShelfILi3EE4fillEi', 'app::Shelf<3>::fill(int)'],
    ['_ZNKSt6vectorIiSaIiEE4sizeEv', 'std::vector<int, std::allocator<int> >::size() const'],
    ['_ZN12_GLOBAL__N_14sinkEPKc', '(anonymous namespace)::sink(char const*)'],
  ],
  'legacy Rust': [
    ['_ZN4core3fmt9Formatter9write_fmt17h0123456789abcdefE', 'core::fmt::Formatter::write_fmt'],
    [
      '_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE',
      "<Test + 'static as foo::Bar<Test>>::bar",
    ],
  ],
  'Rust v0': [
    ['_RNvNtCs1234_7mycrate3foo3bar', 'mycrate::foo::bar'],
    ['_RNvXCs1234_7mycrateNtB2_6ParcelNtB2_5Weigh5weigh', '<mycrate::Parcel as mycrate::Weigh>::weigh'],
  ],
  D: [['_D8demangle4testFZv', 'demangle.test()']],
  C: [
    ['plain_function', 'plain_function'],
    ['_Zebra', '_Zebra'],
  ],
};

for (const [language, names] of Object.entries(languages))
  test(`a ${language} function is shown under its source name`, async (t) => {
    const folder = temporaryFolder(t);
    const assembly = names.map(
      ([raw]) => `.globl "${raw}"\n.type "${raw}", @function\n"${raw}": nop; ret\n.size "${raw}", 2\n`,
    );
    writeFileSync(join(folder, 'names.s'), `.text\n${assembly.join('')}.section .note.GNU-stack\n`);
    const library = join(folder, 'names.so');
    run('gcc', '-shared', '-nostdlib', '-Wl,--build-id', join(folder, 'names.s'), '-o', library);
    const addresses = functionAddresses(library);
    const symbolizer = openSymbolizer();
    t.teardown(() => symbolizer.close());
    const found = await namesAt(
      symbolizer,
      moduleRef(library),
      names.map(([raw]) => (addresses.get(raw) ?? 0) + 1),
    );
    t.deepEqual(
      found,
      names.map(([, readable]) => readable),
    );
  });

for (const mangling of ['legacy', 'v0'])
  where(installed('rustc'))(`a Rust program with ${mangling} names shows its own functions`, async (t) => {
    const program = join(temporaryFolder(t), 'crate');
    const unstable = ['-Z', 'unstable-options'];
    const flags = ['-g', '-C', 'link-arg=-Wl,--build-id', '-C', `symbol-mangling-version=${mangling}`];
    process.env.RUSTC_BOOTSTRAP = '1'; // rustc 1.95 takes "legacy" only with -Z unstable-options
    run('rustc', ...flags, ...unstable, '-o', program, sourceOf('crate.rs'));
    const address =
      [...functionAddresses(program)].find(([raw]) =>
        /^_(?:ZN|RNvNt)\w+5depot8sort_out(?:17h\w+E)?$/.test(raw),
      )?.[1] ?? 0;
    const symbolizer = openSymbolizer();
    t.teardown(() => symbolizer.close());
    t.deepEqual(await namesAt(symbolizer, moduleRef(program), [address + 8]), ['crate::depot::sort_out']);
  });
