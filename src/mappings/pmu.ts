/** PMU Personnel management, B01 to B08 (HL7 v2.5.1 ch. 15): one person, as employee and, with PRA, as provider. */
import type { CanonicalEvent, EventData } from '../model/event.ts';
import { keyOf } from './identity.ts';
import type { Deletion } from './fields.ts';
import { type LineOutcome, type Mapping, WHOLE_MESSAGE } from './mapping.ts';
import { openReading, Part, readingWith } from './parts.ts';
import {
  openStaff,
  providerDetails,
  readFlag,
  readStaffKey,
  readStaffName,
  readWorkerId,
  type StaffReading,
  type Status,
  unstated,
  staffDetails,
} from './staff.ts';

type Turn =
  | { readonly kind: 'employee.onboarded' }
  | { readonly kind: 'employee.changed'; readonly change: EventData<'employee.changed'>['change'] }
  | { readonly kind: 'employee.terminated'; readonly manner: EventData<'employee.terminated'>['manner'] };

interface Trigger {
  readonly turn: Turn;
  /** Status that the trigger itself says; else STF-7. */
  readonly status: Status | undefined;
  /** What it means for the record of the provider; undefined when that does not change. */
  readonly provider: EventData<'provider.changed'>['action'] | undefined;
}

const BY_TRIGGER: Readonly<Record<string, Trigger>> = {
  B01: { turn: { kind: 'employee.onboarded' }, status: undefined, provider: 'add' },
  B02: { turn: { kind: 'employee.changed', change: 'updated' }, status: undefined, provider: 'update' },
  B03: { turn: { kind: 'employee.terminated', manner: 'deleted' }, status: 'inactive', provider: 'delete' },
  B04: { turn: { kind: 'employee.changed', change: 'activated' }, status: 'active', provider: 'reactivate' },
  B05: { turn: { kind: 'employee.changed', change: 'deactivated' }, status: 'inactive', provider: 'deactivate' },
  B06: { turn: { kind: 'employee.terminated', manner: 'terminated' }, status: 'inactive', provider: 'deactivate' },
  B07: { turn: { kind: 'employee.changed', change: 'certified' }, status: undefined, provider: undefined },
  B08: { turn: { kind: 'employee.changed', change: 'certificate-revoked' }, status: undefined, provider: undefined },
};

/**
 * STF-12 or STF-13, where one of them is when it takes effect: of a change of somebody who is employed already, the day
 * of hire is not.
 */
const EFFECTIVE_FIELDS: Readonly<Record<string, 12 | 13>> = { B01: 12, B03: 13, B04: 12, B05: 13, B06: 13 };

export const pmu: Mapping = {
  messageTypes: Object.keys(BY_TRIGGER).map((trigger) => `PMU^${trigger}`),
  summary: 'The employee is onboarded, changed or terminated; with PRA the provider is changed, too.',
  emits: ['employee.onboarded', 'employee.changed', 'employee.terminated', 'provider.changed'],
  map(message, context) {
    const reading = openReading(message, context, ['STF', 'PRA', 'ORG']);
    const trigger = BY_TRIGGER[reading.times.common.trigger];
    const part = new Part(reading, WHOLE_MESSAGE);
    if (trigger === undefined) return part.outcomes([null]);
    const { turn } = trigger;
    switch (turn.kind) {
      case 'employee.onboarded':
        return personIn(part, trigger, ({ data, ...facts }) => part.event(turn.kind, { ...facts, data }));
      case 'employee.terminated': {
        const { manner } = turn;
        return personIn(part, trigger, ({ data, ...facts }) =>
          part.event(turn.kind, { ...facts, data: { manner, ...data } }),
        );
      }
      case 'employee.changed': {
        // Of somebody who stays HL7 null deletes a value; whoever is new or gone has none that could be deleted.
        const { change } = turn;
        const changed = new Part(readingWith(reading, null), WHOLE_MESSAGE);
        return personIn(changed, trigger, ({ data, ...facts }) =>
          changed.event(turn.kind, { ...facts, data: { change, ...data } }),
        );
      }
    }
  },
};

type Employee<OnDelete extends Deletion> = NonNullable<ReturnType<typeof readEmployee<OnDelete>>>;

function personIn<OnDelete extends Deletion>(
  part: Part<OnDelete>,
  trigger: Trigger,
  eventOf: (employee: Employee<OnDelete>) => CanonicalEvent | null,
): readonly LineOutcome[] {
  const { message } = part.reading;
  if (message.segments('STF').length > 1) {
    part.problem('out-of-range', 'STF[2]', 'Expected one STF segment in this message.');
  }
  const staff = openStaff(part, message);
  const employee = readEmployee(staff, trigger);
  const event = employee === null ? null : eventOf(employee);
  const isProvider = trigger.provider !== undefined && message.segment('PRA') !== undefined;
  return part.outcomes(isProvider ? [event, providerEvent(staff, trigger)] : [event]);
}

function readEmployee<OnDelete extends Deletion>(staff: StaffReading<OnDelete>, { turn, status }: Trigger) {
  const { part, stf } = staff;
  const staffKey = readStaffKey(staff);
  const workerId = stf.required(readWorkerId(staff) ?? staffKey, 2, 'a staff id');
  const flag = readFlag(stf, 7);
  const effectiveDate = readEffectiveDate(staff);
  const details = {
    staffKey,
    status: status ?? flag ?? unstated(turn.kind === 'employee.onboarded'),
    name: part.reading.context.profile.includeNames ? readStaffName(staff) : undefined,
    inactiveReason: stf.code(38),
    ...staffDetails(staff),
  };
  if (workerId === undefined) return null;
  const orderingKey = keyOf('worker', workerId);
  part.keys.push(orderingKey);
  if (effectiveDate === undefined) return null;
  return { orderingKey, effectiveTime: effectiveDate, data: { workerId, effectiveDate, ...details } };
}

/** STF-12 or STF-13 (DIN) by the trigger, else when the sender says it happened, was recorded or was told. */
function readEffectiveDate({ part, stf }: StaffReading): string | undefined {
  const { trigger, occurredAt, recordedAt, messageAt } = part.reading.times.common;
  const field = EFFECTIVE_FIELDS[trigger];
  const told = occurredAt ?? recordedAt ?? messageAt;
  if (field !== undefined) return stf.required(stf.time(field) ?? told, field, 'the date it takes effect');
  return part.reader(part.reading.message.segment('EVN'), 'EVN').required(told, 2, 'when it was recorded');
}

function providerEvent(staff: StaffReading, { turn, status, provider }: Trigger): CanonicalEvent | null {
  const { part, stf } = staff;
  const providerId = readStaffKey(staff) ?? readWorkerId(staff);
  const name = readStaffName(staff) ?? undefined;
  const ends = provider === 'delete' || provider === 'deactivate';
  if (!ends) stf.required(name, 3, 'the name of the provider');
  const details = providerDetails(staff);
  const stated = status ?? readFlag(stf, 7) ?? unstated(turn.kind === 'employee.onboarded');
  if (providerId === undefined || provider === undefined) return null;
  const orderingKey = keyOf('provider', providerId);
  part.keys.push(orderingKey);
  return part.event('provider.changed', {
    orderingKey,
    effectiveTime: readEffectiveDate(staff),
    data: { providerId, action: provider, status: stated, name, ...details },
  });
}
