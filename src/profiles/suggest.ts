/** From counted samples to the settings of a profile: what most messages do, where the standard leaves it open. */
import type { ChannelProfile } from '../mappings/profile.ts';
import type { LearnedProfile } from './learned-settings.ts';
import type { SampleFacts } from './sample-facts.ts';

/** Below so many messages of a type, what all of them have says little. */
const SAMPLES_MIN = 10;
/** Identifier types that name the patient in one facility (table 0203), the likeliest first. */
const PATIENT_TYPES: readonly string[] = ['MR', 'PI', 'PT', 'MRN', 'AN', ''];
/** A position that fewer messages fill is a slip of the sender, and no place to look for a number. */
const POSITION_SHARE_MIN = 0.02;

/** The settings that samples can tell. */
export interface SuggestedProfile {
  readonly patientId?: ChannelProfile['patientId'];
  readonly account?: readonly string[];
  readonly encounterId?: readonly string[];
  readonly zSegments: ChannelProfile['zSegments'];
  readonly learned: LearnedProfile;
}

/** The settings for a sender of such messages. Facts without messages give lists without anything. */
export function suggestProfile(facts: SampleFacts): SuggestedProfile {
  const account = positions(facts, ['PID-18.1', 'PV1-50.1', 'PV1-19.1']);
  const encounterId = positions(facts, ['PV1-19.1', 'PV1-50.1', 'PID-18.1']);
  const patientId = patientIdRule(facts);
  return {
    ...(patientId === null ? {} : { patientId }),
    ...(account.length === 0 ? {} : { account }),
    ...(encounterId.length === 0 ? {} : { encounterId }),
    zSegments: zSegmentNames(facts),
    learned: {
      senders: [...facts.senders.labels()],
      messageTypes: [...facts.types.labels()],
      versions: [...facts.versions.labels()],
      charsets: [...facts.charsets.labels()],
      zSegments: [...facts.zSegments.keys()].sort(),
      ...(facts.signs.size === 0 ? {} : { transactionTypes: [...facts.signs.keys()].sort() }),
      present: presentAlways(facts),
      missingShare: '0.05',
    },
  };
}

/** The repetition of PID-3 that names the patient: by likeliest type, then by frequency. */
function patientIdRule({ patientIds }: SampleFacts): ChannelProfile['patientId'] | null {
  const rank = (type: string): number => {
    const index = PATIENT_TYPES.indexOf(type);
    return index === -1 ? PATIENT_TYPES.length : index;
  };
  const [best] = [...patientIds.values()].sort(
    (left, right) => rank(left.type) - rank(right.type) || right.count - left.count,
  );
  if (best === undefined) return null;
  const others = [...patientIds.values()].filter(({ type }) => type === best.type && type !== '');
  const authorities = others
    .sort((left, right) => right.count - left.count)
    .map(({ authority }) => authority)
    .filter((authority) => authority !== '')
    .slice(0, 10);
  return { authorities, types: best.type === '' ? ['MR', 'PI', 'PT', 'MRN'] : [best.type] };
}

/** Of the places where a number may stand, those that the sender fills, in the order of the standard setting. */
function positions(facts: SampleFacts, paths: readonly string[]): readonly string[] {
  return paths.filter((path) => facts.numbers.count(path) > facts.withPatient * POSITION_SHARE_MIN);
}

/** Every field that has a value, to be given its name by a person. */
function zSegmentNames({ zSegments }: SampleFacts): ChannelProfile['zSegments'] {
  const named = [...zSegments].sort().map(([segment, { fields }]) => {
    const numbers = [...fields.keys()].sort((left, right) => left - right);
    const entries = numbers.map((field) => [`${field}`, { name: `${segment}-${field}`, shown: false }] as const);
    return [segment, { fields: Object.fromEntries(entries) }] as const;
  });
  return Object.fromEntries(named);
}

function presentAlways({ present, types }: SampleFacts): LearnedProfile['present'] {
  const always = [...present].sort().flatMap(([type, counts]) => {
    const messages = types.count(type);
    const paths = [...counts].filter(([, count]) => count === messages).map(([path]) => path);
    return messages < SAMPLES_MIN || paths.length === 0 ? [] : [[type, paths.slice(0, 64)] as const];
  });
  return Object.fromEntries(always);
}
