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

const common = { bundle: true, platform: 'node', target: 'node20', format: 'cjs', logLevel: 'warning' };
await build({ ...common, entryPoints: ['dist/cli/start.js'], outfile: 'dist/memtrace.cjs' });
await build({
  ...common,
  entryPoints: ['dist/cli/main.js'],
  outfile: BUNDLE,
  external: ['@koromix/*', 'blessed', 're2js', 'ws', 'yargs'],
  define: { 'import.meta.url': 'moduleUrl', 'import.meta.dirname': 'koffi.folder' },
  banner: {
    js: [
      "const moduleUrl = require('node:url').pathToFileURL(__filename).href;",
      '// From where koffi finds its native part when that does not stand beside memtrace (as with pnpm, or built anew).',
      "const koffi = { get folder() { return require('node:path').dirname(require.resolve('koffi')) + '/src/koffi'; } };",
    ].join('\n'),
  },
});
// Whose code dist/memtrace.cache is: see cli/start.ts.
const stamp = createHash('sha256').update(readFileSync(BUNDLE)).digest('hex').slice(0, 16);
appendFileSync(BUNDLE, `\n// ${stamp}`);
