/** The UI on the terminal it is started in, looking at a socket: node dist/test/tui/runTop.js /tmp/s; SIGUSR2 is a fault in it */
import { runApp } from '../../tui/app.js';
import { openTerminal } from '../../tui/terminal/blessed.js';
import { COLOURS } from '../../tui/terminal/palette.js';

const [socketPath = '/tmp/memtrace-fake'] = process.argv.slice(2);
process.on('SIGUSR2', () => {
  throw new Error('a fault in the middle of it');
});
await runApp({
  socketPath,
  look: { path: (path) => path.replace(/^\/home\/me\//, '~/'), glyphs: 'unicode' },
  openPainter: openTerminal({ palette: COLOURS, title: 'memtrace', mouse: 'mouse' }),
  editor: (process.env.EDITOR ?? 'vi').split(' '),
  keepSnapshot: async () => 'Saved as nothing',
});
console.log('left');
