/**
 * JSON Schema of the configuration for editors (`config/schema.json`), generated from the settings. The root is the
 * configuration as one file; `#/definitions/` has `facility`, `channel`, `channels`, `destination` and `destinations`
 * for the files of a folder: `# yaml-language-server: $schema=…/schema.json#/definitions/channel`.
 *
 * It is looser than `causeway validate`: rules between settings cannot be said in it.
 */
import { z } from 'zod';
import { configSettings } from './schema.ts';

/** Draft 7: what YAML editors understand best. */
const TARGET = 'draft-7';

type JsonObject = Record<string, unknown>;

/** The file as it is committed, with a newline at the end. */
export function jsonSchemaText(): string {
  const whole: JsonObject = z.toJSONSchema(configSettings, { io: 'input', target: TARGET });
  const properties = whole.properties as JsonObject;
  const definitions = whole.definitions as JsonObject;
  const { channels, destinations } = properties;
  const { $schema, definitions: _, ...root } = whole;
  const facility = { ...root, required: ['facility', 'store', 'status'], description: 'facility.yaml in a folder.' };
  const file = {
    $schema,
    title: 'Causeway configuration',
    ...root,
    definitions: { facility, channels, destinations, ...definitions },
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}
