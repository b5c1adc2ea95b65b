import type { CanonicalEvent } from '../model/event.ts';
import type { Deletion } from './fields.ts';
import { keyOf } from './identity.ts';
import { checkKey, type MasterRecord } from './master-record.ts';
import { openStaff, providerDetails, readFlag, readStaffName, unstated } from './staff.ts';

/** provider.changed of an MFN: STF, PRA and ORG behind MFE (HL7 v2.5.1 ch. 8 and 15). */
export function providerRecordEvent(record: MasterRecord): CanonicalEvent | null {
  const { part, group, key, data, active, ends } = record;
  const staff = openStaff(part, group);
  const { stf } = staff;
  const orderingKey = keyOf('provider', key);
  part.keys.push(orderingKey);
  checkKey(record, stf);
  const name = readStaffName(staff) ?? undefined;
  if (!ends) stf.required(name, 3, 'the name of the provider');
  const flag = readFlag(stf, 7);
  const details = providerDetails(staff);
  const status = active ? (flag ?? unstated(data.action !== 'update')) : 'inactive';
  // Of an update, the day of hire is not when it takes effect.
  const dateOfAction: Readonly<Partial<Record<typeof data.action, string | Deletion>>> = {
    add: details.activeFrom,
    reactivate: details.activeFrom,
    deactivate: details.activeTo,
    delete: details.activeTo,
  };
  return part.event('provider.changed', {
    orderingKey,
    effectiveTime: data.effectiveFrom ?? dateOfAction[data.action],
    data: { providerId: key, status, name, ...details, ...data },
  });
}
