/** The schemas of proto/, asked by ajv: what memtrace writes is what is promised of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ROOT } from './places.js';

const ajv = new Ajv2020({ allErrors: true, formats: { 'date-time': true }, strictTypes: false });
// All at once: some refer to others.
for (const file of readdirSync(join(ROOT, 'proto')).filter((name) => name.endsWith('.schema.json')))
  ajv.addSchema(JSON.parse(readFileSync(join(ROOT, 'proto', file), 'utf8')));

/** @returns what is wrong with it by `proto/NAME.schema.json`; null when nothing is */
export const faultBy = (name: string, value: unknown): string | null => {
  const isValid = ajv.getSchema(`${name}.schema.json`);
  if (!isValid) throw new Error(`no schema ${name}`);
  return isValid(value) ? null : ajv.errorsText(isValid.errors);
};
