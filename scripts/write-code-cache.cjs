/** Loaded before cli/start.ts by scripts/code-cache.sh: keeps the code of the script that is started, at its exit. */
const vm = require('node:vm');
const { renameSync, writeFileSync } = require('node:fs');

const { Script } = vm;
const out = process.env.CODE_CACHE;
vm.Script = class extends Script {
  constructor(text, options) {
    super(text, options);
    const stamp = text.slice(-'0123456789abcdef'.length);
    process.once('exit', () => {
      writeFileSync(`${out}.tmp`, Buffer.concat([Buffer.from(stamp), this.createCachedData()]));
      renameSync(`${out}.tmp`, out);
    });
  }
};
