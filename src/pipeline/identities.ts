/**
 * Identity merges, between mapping and outbox. An event about a number that a merge ended goes to the number that
 * stands for it now: under its ordering key, and its data tell both (`asSent` has the number as sent). An event that
 * says that numbers are one, or no longer, changes what later events are told.
 *
 * Every event that names a patient is fenced on the patient, so that nothing overtakes a merge of it.
 */
import { type IdentityDraft, maySame } from '../../outbox/identity-draft.ts';
import { keyOf, kindOfNumber } from '../mappings/identity.ts';
import type { LineOutcome } from '../mappings/mapping.ts';
import { type CanonicalEvent, type Identifier, IDENTITY_DOMAINS, type IdentityDomain } from '../model/event.ts';
import type { OrderingKey } from '../model/ids.ts';
import type { Problem } from '../model/problem.ts';

/** Members of `data` that name a number which may have ended, in any kind of event. */
const MEMBERS = {
  patientId: 'patient',
  survivor: 'patient',
  to: 'patient',
  account: 'account',
  survivorAccount: 'account',
  encounterId: 'encounter',
  survivorEncounter: 'encounter',
} as const satisfies Readonly<Record<string, IdentityDomain>>;

const memberNames = Object.keys(MEMBERS) as readonly (keyof typeof MEMBERS)[];

/**
 * The outcomes of one message with the numbers that are valid now; the draft keeps what the message changes. Outcomes
 * of one line hold together: when one of them cannot be told, all of the line wait.
 */
export function withSurvivors(outcomes: readonly LineOutcome[], draft: IdentityDraft): readonly LineOutcome[] {
  const failedLines = new Set<string>();
  const now = draft.attempt(
    () =>
      outcomes.map((outcome) => {
        const told = outcome.ok ? survive(outcome, draft) : held(outcome, draft);
        if (outcome.ok && !told.ok) failedLines.add(told.line);
        return told;
      }),
    () => failedLines.size === 0,
  );
  return failedLines.size === 0 ? now : [...Map.groupBy(now, ({ line }) => line).values()].flatMap(whole);
}

/** All of a line, or one outcome with everything that is wrong with it. */
function whole(outcomes: readonly LineOutcome[]): readonly LineOutcome[] {
  const [first] = outcomes;
  const problems = outcomes.flatMap((outcome) => (outcome.ok ? [] : outcome.problems));
  if (first === undefined || problems.length === 0 || outcomes.length === 1) return outcomes;
  const keys = outcomes.flatMap((outcome) =>
    outcome.ok ? [outcome.event.orderingKey, ...outcome.event.fenceKeys] : outcome.orderingKeys,
  );
  return [{ ok: false, line: first.line, problems, orderingKeys: [...new Set(keys)], money: null }];
}

/** Whether an event is about a number that was not sent. */
export const isRepointed = ({ data }: CanonicalEvent): boolean => data.asSent !== undefined;

/** The ordering key that the event would have without any merge. */
export function keyAsSent(event: CanonicalEvent): OrderingKey {
  for (const name of memberNames) {
    const sent = event.data.asSent?.[name];
    const now = memberOf(event, name);
    if (sent === undefined || now === undefined) continue;
    if (keyOf(MEMBERS[name], now) === event.orderingKey) return keyOf(MEMBERS[name], sent);
  }
  return event.orderingKey;
}

function survive(outcome: Extract<LineOutcome, { ok: true }>, draft: IdentityDraft): LineOutcome {
  const { event } = outcome;
  const keys = new Map<OrderingKey, OrderingKey>();
  const fences = new Set(event.fenceKeys);
  const { links, parted } = event.identity ?? {};
  let problem: Problem | null = null;
  draft.takeDamage();
  if (links !== undefined && !draft.link(links)) problem = problemOf('limit');
  for (const { domain, from, to } of parted === undefined ? [] : draft.part(parted)) {
    for (const id of [from, to]) for (const key of keysOf(domain, id)) fences.add(key);
  }
  const asSent: Partial<Record<keyof typeof MEMBERS, Identifier>> = {};
  const now: Partial<Record<keyof typeof MEMBERS, Identifier>> = {};
  for (const name of memberNames) {
    const sent = memberOf(event, name);
    if (sent === undefined) continue;
    const domain = kindOfNumber(sent) ?? MEMBERS[name];
    const survivor = draft.survivorOf(domain, sent);
    if (typeof survivor === 'string') problem ??= problemOf(survivor);
    else if (!maySame(survivor, sent)) {
      asSent[name] = sent;
      now[name] = survivor;
      keys.set(keyOf(MEMBERS[name], sent), keyOf(MEMBERS[name], survivor));
    }
  }
  const orderingKey = keys.get(event.orderingKey) ?? event.orderingKey;
  const isBarrier = links !== undefined || parted !== undefined;
  for (const key of isBarrier ? [event.orderingKey] : []) fences.add(key);
  for (const key of [...fences]) fences.add(keys.get(key) ?? key);
  const patientId = now.patientId ?? memberOf(event, 'patientId');
  if (patientId !== undefined) fences.add(keyOf('patient', patientId));
  fences.delete(orderingKey);
  if (draft.takeDamage()) problem ??= damaged;
  if (problem !== null) {
    const { line, money } = event;
    return held({ ok: false, line, problems: [problem], orderingKeys: [orderingKey, ...fences], money }, draft);
  }
  if (keys.size === 0 && fences.size === event.fenceKeys.length) return outcome;
  const data = keys.size === 0 ? event.data : { ...event.data, ...now, asSent };
  // The members are those of the same event with other numbers in them.
  return { ...outcome, event: { ...event, orderingKey, fenceKeys: [...fences], data } as CanonicalEvent };
}

/** The keys that a number may stand in: as account and as encounter the profile may take any number. */
const keysOf = (domain: IdentityDomain, id: Identifier): readonly OrderingKey[] =>
  [...new Set<IdentityDomain>([domain, 'account', 'encounter'])].map((member) => keyOf(member, id));

const memberOf = ({ data }: CanonicalEvent, name: keyof typeof MEMBERS): Identifier | undefined =>
  (data as Partial<Record<typeof name, Identifier>>)[name];

/**
 * What a line that waits for a person holds back: of its keys only the values are known, so later events wait that may
 * be about any number which stands for one of them.
 */
function held(outcome: Extract<LineOutcome, { ok: false }>, draft: IdentityDraft): LineOutcome {
  const { orderingKeys } = outcome;
  const now = orderingKeys.flatMap((key) => {
    const at = key.indexOf(':');
    const member = IDENTITY_DOMAINS.find((domain) => domain === key.slice(0, at));
    if (member === undefined) return [];
    const domains = member === 'patient' ? [member] : IDENTITY_DOMAINS;
    return domains.flatMap((domain) => draft.survivorsOf(domain, key.slice(at + 1)).map((id) => keyOf(member, id)));
  });
  return now.length === 0 ? outcome : { ...outcome, orderingKeys: [...new Set([...now, ...orderingKeys])] };
}

const damaged: Problem = {
  code: 'merged-identity',
  path: 'PID',
  text: 'What a number stands for cannot be read: its record in the store is damaged.',
};

const problemOf = (what: 'ambiguous' | 'limit'): Problem =>
  what === 'limit'
    ? { code: 'limit', path: 'MRG', text: 'Expected a number that was not merged so often.' }
    : {
        code: 'merged-identity',
        path: 'PID',
        text: 'Expected the assigning authority: several numbers like this ended by merges.',
      };
