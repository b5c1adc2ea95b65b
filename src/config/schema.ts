/**
 * The whole configuration, composed from the settings that each component declares beside itself. Parse, lint, JSON
 * Schema (`config/schema.json`) and `docs/configuration.md` all come from here.
 *
 * A new kind of listener, format or destination is one line in a list below.
 *
 * Checks that look at a whole object (`superRefine`) also run while other settings of that object are wrong or absent,
 * so that all problems are told at once: they see only the settings that are right.
 */
import { z } from 'zod';
import { mllpSettings } from '../../listeners/mllp-settings.ts';
import { httpsJsonSettings } from '../destinations/https-json-settings.ts';
import { acknowledgmentSettings } from '../hl7/acknowledgment-settings.ts';
import { hl7v2Settings } from '../formats/hl7v2-settings.ts';
import { profileSettings } from '../mappings/profile.ts';
import { CURRENCIES, isCurrency } from '../model/currency.ts';
import type { ChannelId, DestinationId, FacilityId } from '../model/ids.ts';
import { ID_PATTERN } from '../model/ids.ts';
import { policySettings, routeSettings } from '../pipeline/settings.ts';
import { diskSettings } from '../platform/disk-settings.ts';
import { encryptionSettings } from '../platform/encryption-settings.ts';
import { LOG_LEVELS } from '../platform/log.ts';
import { memorySettings } from '../platform/memory-settings.ts';
import { retentionSettings } from '../retention/settings.ts';
import { isCharset, isTimezone, timezoneNames } from './vocabulary.ts';

const CHANNELS_MAX = 500;
const DESTINATIONS_MAX = 100;

/** Words that a text setting knows without being an enum: the source of "did you mean". */
export const vocabularies = z.registry<{ readonly words: () => readonly string[] }>();

const id = z.string().regex(ID_PATTERN, 'expected 1 to 63 of a-z, 0-9 and hyphen, such as st-marys');

const timezone = z
  .string()
  .refine(isTimezone, 'expected an IANA time zone such as America/Chicago')
  .register(vocabularies, { words: timezoneNames });

const currency = z
  .string()
  .refine(isCurrency, 'expected an ISO 4217 code in capitals such as USD')
  .register(vocabularies, { words: () => CURRENCIES });

const charset = z.string().refine(isCharset, 'expected the name of a character set such as utf-8 or windows-1252');

/** `facility:` – which hospital this appliance stands in. */
export const facilitySettings = z.strictObject({
  id: id.describe('Short name of the facility; part of every event id, so it must never change.'),
  name: z.string().min(1).max(200).describe('Name for people.'),
  timezone: timezone.describe('IANA zone of HL7 times without offset, e.g. America/Chicago.'),
  currency: currency.describe('ISO 4217 code of amounts without one, e.g. USD.'),
});

/** `store:` – where everything accepted is kept. */
export const storeSettings = z.strictObject({
  path: z.string().min(1).describe('Folder of the store, made at first start. Relative to the folder of this file.'),
  create: z
    .boolean()
    .default(true)
    .describe('Make a new store where there is none. false after installation: an unmounted volume is then an error.'),
  disk: diskSettings.prefault({}).describe('What happens while the disk of the store fills.'),
  encryption: encryptionSettings
    .optional()
    .describe('Keys that encrypt what is stored, or off. Without it nothing is encrypted, and status and doctor warn.'),
  retention: retentionSettings.prefault({}).describe('How long what has ended is kept.'),
  scrubRecordsPerSecond: z
    .int()
    .min(0)
    .max(100_000)
    .default(1_000)
    .describe('How fast stored records are read again in the background, to find damage early. 0: never.'),
});

/** `status:` – the status page, /livez, /readyz and /metrics. */
export const statusSettings = z.strictObject({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to bind. Only a loopback address is bound without saying so.'),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .describe('TCP port of the status page, /livez, /readyz and /metrics. 0: the system chooses one.'),
});

/** `log:` – what goes to the journal. */
export const logSettings = z.strictObject({
  level: z.enum(LOG_LEVELS).default('info').describe('Least important level that is written.'),
});

/** Catalogue of `listener:` kinds. */
export const listenerKinds = [mllpSettings] as const;

/** Catalogue of `format:` kinds. */
export const formatKinds = [
  hl7v2Settings.extend({
    charset: charset.optional().describe(hl7v2Settings.shape.charset.description ?? ''),
    fallbackCharset: charset.default('windows-1252').describe(hl7v2Settings.shape.fallbackCharset.description ?? ''),
  }),
] as const;

/** Catalogue of destination kinds. */
export const destinationKinds = [
  httpsJsonSettings.safeExtend({ id: id.describe('Name of the destination: routes, status and metrics use it.') }),
] as const;

const channelProfile = profileSettings.extend({
  timezone: timezone.optional().describe(profileSettings.shape.timezone.description ?? ''),
});

/** One item of `channels:`. */
export const channelSettings = z
  .strictObject({
    id: id.describe('Name of the channel: status, metrics, logs and stored messages use it.'),
    listener: z.discriminatedUnion('kind', listenerKinds).describe('How bytes come in.'),
    format: z.discriminatedUnion('kind', formatKinds).describe('How the bytes are read.'),
    profile: channelProfile.prefault({}).describe('What this sender means where HL7 v2 leaves it to the site.'),
    acknowledgment: acknowledgmentSettings.prefault({}).describe('Which replies the senders of this channel get.'),
    policy: policySettings.prefault({}).describe('What happens to a message that cannot simply be accepted.'),
    routes: z.array(routeSettings).min(1).max(DESTINATIONS_MAX).describe('Which events go to which destination.'),
  })
  .meta({ id: 'channel' });

/** One item of `destinations:`. */
export const destinationSettings = z.discriminatedUnion('kind', destinationKinds).meta({ id: 'destination' });

/** The whole configuration, as one file or put together from a folder. */
export const configSettings = z.strictObject({
  facility: facilitySettings.describe('The hospital this appliance stands in.'),
  store: storeSettings.describe('Where everything accepted is kept.'),
  status: statusSettings.describe('Status page, health checks and metrics.'),
  memory: memorySettings.prefault({}).describe('What the process may hold in memory.'),
  log: logSettings.prefault({}).describe('What goes to the journal.'),
  channels: z
    .array(channelSettings)
    .min(1)
    .max(CHANNELS_MAX)
    .describe('Ways in: a listener, a format and routes each.'),
  destinations: z
    .array(destinationSettings)
    .min(1)
    .max(DESTINATIONS_MAX)
    .describe('Ways out: the systems that take events.'),
});

/** Settings that name a file or folder, resolved against the folder of the file that they stand in. `*` is any item. */
export const PATH_SETTINGS: readonly (readonly string[])[] = [
  ['store', 'path'],
  ['store', 'encryption', 'keys', '*', 'file'],
  ['channels', '*', 'listener', 'tls', 'certificateFile'],
  ['channels', '*', 'listener', 'tls', 'key', 'file'],
  ['channels', '*', 'listener', 'tls', 'clientCaFile'],
  ['destinations', '*', 'tls', 'caFile'],
  ['destinations', '*', 'tls', 'clientCertificate', 'certificateFile'],
  ['destinations', '*', 'tls', 'clientCertificate', 'key', 'file'],
  ['destinations', '*', 'authorization', 'secret', 'file'],
  ['destinations', '*', 'authorization', 'clientCredentials', 'clientSecret', 'file'],
];

type Settings = z.infer<typeof configSettings>;
type ChannelSettings = z.infer<typeof channelSettings>;

/** A channel that passed every check. */
export type ChannelConfig = Omit<ChannelSettings, 'id'> & { readonly id: ChannelId };

/** A destination that passed every check. */
export type DestinationConfig = z.infer<typeof destinationSettings> & { readonly id: DestinationId };

/** A configuration that passed every check: defaults filled in, every path absolute. Made by `loadConfig` only. */
export interface Config extends Omit<Settings, 'facility' | 'channels' | 'destinations'> {
  readonly facility: Settings['facility'] & { readonly id: FacilityId };
  readonly channels: readonly ChannelConfig[];
  readonly destinations: readonly DestinationConfig[];
}
