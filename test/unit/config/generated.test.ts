import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { jsonSchemaText } from '../../../src/config/json-schema.ts';
import { configurationReference } from '../../../src/config/reference.ts';
import { problemsOf } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const committed = (path: string) => readFileSync(join(ROOT, path), 'utf8');

test('config/schema.json is what the settings say (npm run docs)', () => {
  expect(committed('config/schema.json')).toBe(jsonSchemaText());
});

test('docs/configuration.md is what the settings say (npm run docs)', () => {
  expect(committed('docs/configuration.md')).toBe(configurationReference());
});

test('references of the JSON Schema lead somewhere, and the example files name parts of it that exist', () => {
  const schema = JSON.parse(jsonSchemaText());
  const references = [...jsonSchemaText().matchAll(/"\$ref": "#\/definitions\/([^"]+)"/g)].map((match) => match[1]);
  const modelines = ['facility.yaml', 'channels/clinical.yaml', 'destinations/erp.yaml'].map((file) => {
    const [, path = '', part] =
      /^# yaml-language-server: \$schema=(.+)#\/definitions\/(\w+)\n/.exec(committed(`config/example/${file}`)) ?? [];
    expect(resolve(ROOT, 'config/example', file, '..', path)).toBe(join(ROOT, 'config/schema.json'));
    return part;
  });
  expect(references.length).toBeGreaterThan(1);
  for (const name of [...references, ...modelines]) expect(Object.keys(schema.definitions)).toContain(name);
  expect(schema.definitions.facility.required).toEqual(['facility', 'store', 'status']);
});

test('every setting has a meaning in the reference', () => {
  const rows = configurationReference()
    .split('\n')
    .filter((line) => line.startsWith('| `') && !line.includes('mapping'));
  const silent = rows.filter((row) => /\|\s*\|$/.test(row) && !/`(?:kind|authorization\.\w+)`/.test(row));
  expect(silent).toEqual([]);
});

test('the smallest configuration of the reference works', () => {
  const yaml = /```yaml\n([^`]+)```/.exec(configurationReference())?.[1] ?? '';
  expect(problemsOf(yaml)).toEqual([]);
});
