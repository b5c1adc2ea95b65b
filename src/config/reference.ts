/** Writes `docs/configuration.md` from the settings, so that it can never say anything else than the product does. */
import { z } from 'zod';
import { learnedSettings } from '../profiles/learned-settings.ts';
import { zFieldSettings, zSegmentSettings } from '../profiles/z-segment-settings.ts';
import { storeKeySettings } from '../platform/encryption-settings.ts';
import { contentOf, expectationOf, kindSetting, numberBounds, unwrap, wordsOf } from './expectation.ts';
import {
  channelSettings,
  configSettings,
  destinationKinds,
  formatKinds,
  listenerKinds,
  vocabularies,
} from './schema.ts';

const INTRODUCTION = `# Configuration

This page is generated from the settings of the product (\`npm run docs\`). The same settings make
\`config/schema.json\`, which gives editors completion and checks.

## One file or a folder

\`causeway run --config PATH\` takes one YAML file with everything, or a folder:

| file | holds |
| --- | --- |
| \`facility.yaml\` | \`facility\`, \`store\`, \`status\`, \`memory\`, \`log\`; also \`channels\` and \`destinations\` |
| \`channels/*.yaml\` | one channel each, or a list of channels |
| \`destinations/*.yaml\` | one destination each, or a list of destinations |

- YAML 1.2, UTF-8, one document per file, at most 1 MiB per file, 500 files, 100 uses of aliases per file.
- Relative paths (\`store.path\`, \`tls.caFile\`, \`key.file\`, \`secret.file\`) start at the folder of the file
  that they stand in.
- Unknown keys, keys that stand twice and unknown words are errors. \`causeway validate --config PATH\` tells every
  problem at once as \`file:line:column path: expected …, found …\`; \`causeway run\` refuses in the same words.
- Secrets never stand in the configuration: \`secret: { file: PATH }\` names a file, \`secret: { credential: NAME }\` a
  systemd credential. A header that carries a secret, or a password inside an address, is an error.
- Everything listens on 127.0.0.1 unless \`host\` says otherwise. A listener beyond loopback needs \`tls\`, or
  \`allowPlaintext: true\` with an \`allow\` list, where the network may be trusted.
- Two listeners, or a listener and the status page, cannot use the same address and port.
`;

const SMALLEST = `## The smallest configuration

\`\`\`yaml
facility: { id: st-marys, name: St Mary's Hospital, timezone: America/Chicago, currency: USD }
store: { path: ./data }
status: { port: 8080 }
channels:
  - id: clinical
    listener: { kind: mllp, port: 2575 }
    format: { kind: hl7v2 }
    routes: [ { to: erp } ]
destinations:
  - id: erp
    kind: https-json
    url: http://127.0.0.1:18080/events
    allowInsecureLoopback: true
\`\`\`

A fuller one, with comments: \`config/example/\`.
`;

/** The page as it is committed. */
export function configurationReference(): string {
  const top = configSettings.shape;
  const sections = [
    section('facility', top.facility),
    section('store', top.store),
    section('store.encryption', storeKeySettings, 'AES-256-GCM of every stored record; or the word `off`.'),
    section('status', top.status),
    section('log', top.log),
    section('channels[]', channelSettings, 'A list; one channel each.'),
    ...listenerKinds.map((kind) => section(`channels[].listener – kind ${kindName(kind)}`, kind)),
    ...formatKinds.map((kind) => section(`channels[].format – kind ${kindName(kind)}`, kind)),
    section('channels[].profile', channelSettings.shape.profile),
    section('channels[].profile.zSegments.NAME', zSegmentSettings),
    section('channels[].profile.zSegments.NAME.fields.NUMBER', zFieldSettings),
    section('channels[].profile.learned', learnedSettings),
    section('channels[].policy', channelSettings.shape.policy),
    section(
      'channels[].routes[]',
      channelSettings.shape.routes.element,
      'A list; an event goes to every destination whose rule it meets.',
    ),
    ...destinationKinds.map((kind) =>
      section(`destinations[] – kind ${kindName(kind)}`, kind, 'A list; one destination each.'),
    ),
  ];
  return `${INTRODUCTION}\n${SMALLEST}\n${sections.join('\n')}`;
}

const kindName = (option: z.ZodObject): string => wordsOf(kindSetting(option)).join(', ');

function section(title: string, setting: z.ZodType, remark = ''): string {
  const schema = unwrap(setting);
  const text = [setting.description ?? '', remark].filter((sentence) => sentence !== '').join(' ');
  const rows = schema instanceof z.ZodObject ? rowsOf(schema, '') : [];
  const head = ['| key | value | default | meaning |', '| --- | --- | --- | --- |'];
  return `## \`${title}\`\n\n${text === '' ? '' : `${text}\n\n`}${[...head, ...rows].join('\n')}\n`;
}

/** One row per setting; mappings inside are written as `batch.maxEvents`, those of a list as `filter[].reason`. */
function rowsOf(schema: z.ZodObject, prefix: string): readonly string[] {
  return Object.entries(schema.shape).flatMap(([key, value]) => {
    const setting = value as z.ZodType;
    const inner = unwrap(setting);
    const name = `${prefix}${key}`;
    const meaning = setting.description ?? inner.description ?? '';
    const row = `| \`${name}\` | ${cell(valueText(inner))} | ${defaultText(setting)} | ${cell(meaning)} |`;
    const hasOwnSection = prefix === '' && ['profile', 'policy', 'learned', 'routes'].includes(key);
    if (hasOwnSection) return [row];
    if (inner instanceof z.ZodObject) return [row, ...rowsOf(inner, `${name}.`)];
    const item = inner instanceof z.ZodArray ? unwrap(inner.element as z.ZodType) : null;
    return item instanceof z.ZodObject ? [row, ...rowsOf(item, `${name}[].`)] : [row];
  });
}

function valueText(schema: z.ZodType): string {
  const words = wordsOf(schema);
  if (words.length > 0) return words.map((word) => `\`${word}\``).join(' · ');
  if (schema instanceof z.ZodObject || schema instanceof z.ZodDiscriminatedUnion) return 'mapping';
  if (schema instanceof z.ZodUnion) return expectationOf(schema).replaceAll(/\{[^}]*\}/g, (shape) => `\`${shape}\``);
  if (schema instanceof z.ZodBoolean) return '`true` · `false`';
  if (schema instanceof z.ZodArray) return `list of ${valueText(unwrap(schema.element as z.ZodType))}`;
  if (schema instanceof z.ZodRecord) return `mapping of names to ${contentOf(schema.valueType as z.ZodType)}`;
  if (schema instanceof z.ZodNumber) return boundsText(schema);
  if (schema instanceof z.ZodString && vocabularies.get(schema) !== undefined) return 'name';
  if (schema instanceof z.ZodString && schema.maxLength !== null) return `text, up to ${schema.maxLength} characters`;
  return schema instanceof z.ZodURL ? 'address' : 'text';
}

function boundsText(schema: z.ZodNumber): string {
  const { least, most } = numberBounds(schema);
  const grouped = (value: number) => value.toLocaleString('en-US');
  if (least === null) return most === null ? 'number' : `number, at most ${grouped(most)}`;
  return most === null ? `number, at least ${grouped(least)}` : `number, ${grouped(least)} to ${grouped(most)}`;
}

function defaultText(setting: z.ZodType): string {
  const absent = setting.safeParse(undefined);
  if (!absent.success) return '**required**';
  if (absent.data === undefined) return '–';
  if (setting instanceof z.ZodPrefault) return '';
  return `\`${typeof absent.data === 'string' ? absent.data : JSON.stringify(absent.data)}\``;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
