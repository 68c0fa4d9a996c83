/**
 * Makes dist/memtrace.cjs, what bin/memtrace starts, from dist/cli/main.js: one file, and no modules of Node's that are
 * loaded only because an ES module names them. That halves what Node needs to start, which short programs pay for.
 * Packages with native or dynamic parts stay outside. Tests and bench import the modules in dist/.
 */
import { build } from 'esbuild';

await build({
  entryPoints: ['dist/cli/main.js'],
  outfile: 'dist/memtrace.cjs',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['koffi', 'blessed', 're2js', 'ws', 'yargs'],
  sourcemap: false,
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
});
