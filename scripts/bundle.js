/**
 * Makes what bin/memtrace starts: dist/memtrace.bundle.cjs from dist/cli/main.js, and dist/memtrace.cjs from
 * dist/cli/start.js, which starts it. One file, and no modules of Node's that are loaded only because an ES module names
 * them: that halves what Node needs to start, which short programs pay for. Packages with dynamic parts stay outside, and
 * koffi's native one (which must be of the very version: package.json pins it). Tests and bench import the modules in dist/.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { build } from 'esbuild';

const BUNDLE = 'dist/memtrace.bundle.cjs';

/**
 * koffi's native part, by its file: the script beside it reads the ELF header of Node.js to choose between two. Where
 * that file cannot be loaded, the script is asked.
 */
const nativePart = {
  name: 'native part of koffi',
  setup: ({ onLoad }) =>
    onLoad({ filter: /koffi\/src\/static\.js$/ }, ({ path }) => {
      const asked = "require('@koromix/koffi-linux-x64')";
      const text = readFileSync(path, 'utf8');
      if (!text.includes(asked)) throw new Error(`${path} does not load what it did`);
      const file = '@koromix/koffi-linux-x64/linux_x64/koffi.node';
      // A path is found without reading two package.json; the package may lie above, with others.
      const ways = [`require('../node_modules/${file}')`, `require('${file}')`, asked];
      const contents = text.replace(
        asked,
        ways.reduceRight((rest, way) => `(() => { try { return ${way}; } catch { return ${rest}; } })()`),
      );
      return { contents };
    }),
};

/** `createRequire`: what the bundle was given is already that. node:module would be loaded for nothing. */
const ownRequire = {
  name: "the bundle's own require",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:module$/ }, () => ({ path: 'require', namespace: 'own' }));
    onLoad({ filter: /^require$/, namespace: 'own' }, () => ({
      contents: 'export const createRequire = () => require;',
    }));
  },
};

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  logLevel: 'warning',
  // import() becomes require(): in a script whose code comes from a cache there is nobody to answer it.
  supported: { 'dynamic-import': false },
};
const WRAPPER = ['(function (require, __filename, __dirname, module, exports) {', '})'];
await build({ ...common, entryPoints: ['dist/cli/start.js'], outfile: 'dist/memtrace.cjs' });
await build({
  ...common,
  entryPoints: ['dist/cli/main.js'],
  outfile: BUNDLE,
  plugins: [nativePart, ownRequire],
  // Read as Latin-1, character by character.
  charset: 'ascii',
  minifyWhitespace: true,
  external: ['@koromix/*', '../node_modules/@koromix/*', 'blessed', 're2js', 'ws', 'yargs'],
  // import.meta.url: for createRequire alone.
  define: {
    'import.meta.url': '__filename',
    'import.meta.filename': '__filename',
    'import.meta.dirname': 'koffi.folder',
  },
  banner: {
    js: [
      WRAPPER[0],
      '// From where koffi finds its native part when that does not stand beside memtrace (as with pnpm, or built anew).',
      "const koffi = { get folder() { return require('node:path').dirname(require.resolve('koffi')) + '/src/koffi'; } };",
    ].join('\n'),
  },
  footer: { js: WRAPPER[1] },
});
if (/\bimport\(/.test(readFileSync(BUNDLE, 'latin1'))) throw new Error(`${BUNDLE} has an import()`);
// esbuild leaves regular expressions as they are.
if (/[^\0-\x7f]/.test(readFileSync(BUNDLE, 'latin1'))) throw new Error(`${BUNDLE} is not plain ASCII`);
// Whose code dist/memtrace.cache is: see cli/start.ts.
const stamp = createHash('sha256').update(readFileSync(BUNDLE)).digest('hex').slice(0, 16);
appendFileSync(BUNDLE, `\n// ${stamp}`);
