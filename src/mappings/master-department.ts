/** department.changed and costcenter.changed: LOC, LDP and LCC behind MFE (HL7 v2.5.1 ch. 8). */
import type { Hl7Segment, SegmentGroup } from '../hl7/message.ts';
import type { CanonicalEvent, EventData } from '../model/event.ts';
import { keyOf } from './identity.ts';
import type { Deletion } from './fields.ts';
import { checkLocation, type MasterRecord } from './master-record.ts';
import { listOfParts, type Part, segmentsBehind } from './parts.ts';
import { codeList, locationAt, textList } from './quantities.ts';

type Department = NonNullable<EventData<'department.changed'>['departments']>[number];

/**
 * The department, then each cost centre that its LDP segments name, once. A location or department that ends says
 * nothing about its cost centre: others book on it, too.
 */
export function departmentEvents(record: MasterRecord): readonly (CanonicalEvent | null)[] {
  const { part, group, key, data, active, ends } = record;
  const loc = part.reader(group.segment('LOC'), 'LOC');
  const orderingKey = keyOf('department', key);
  part.keys.push(orderingKey);
  checkLocation(record, loc);
  const name = loc.text(2) ?? undefined;
  if (!ends) loc.required(name, 2, 'the name of the location');
  const departments = listOfParts(part, group.segments('LDP'), (ldp) => departmentOf(part, group, ldp));
  const named = departments?.find(isInForce) ?? departments?.find(hasCostCenter);
  const costCenter = named?.costCenter ?? (departments?.every((one) => one.costCenter === null) ? null : undefined);
  const details = {
    name,
    location: locationAt(loc, 1),
    locationTypes: textList(loc, 3),
    costCenter,
    departments,
  };
  const facts = { effectiveTime: data.effectiveFrom };
  const changed = part.event('department.changed', {
    orderingKey,
    ...facts,
    data: { departmentId: key, active, ...details, ...data },
  });
  return [changed, ...(active ? costCenterEvents(record, departments ?? []) : [])];
}

const hasCostCenter = ({ costCenter }: Department): boolean => costCenter !== undefined && costCenter !== null;

const isInForce = (department: Department): boolean => hasCostCenter(department) && department.active !== 'I';

function costCenterEvents(record: MasterRecord, departments: readonly Department[]): CanonicalEvent[] {
  const { part, key, data } = record;
  const seen = new Set<string>();
  return departments.filter(isInForce).flatMap((department) => {
    const { costCenter } = department;
    if (costCenter === undefined || costCenter === null || seen.has(costCenter.code)) return [];
    seen.add(costCenter.code);
    const orderingKey = keyOf('costcenter', { value: costCenter.code });
    part.keys.push(orderingKey);
    return part.event('costcenter.changed', {
      orderingKey,
      // One record may name several.
      place: `${part.place} ${costCenter.code}`,
      effectiveTime: data.effectiveFrom,
      data: {
        costCenter,
        active: true,
        name: costCenter.text,
        department: department.department,
        departmentId: key,
        ...data,
      },
    });
  });
}

function departmentOf(part: Part<Deletion>, group: SegmentGroup, ldp: Hl7Segment): Department {
  const reader = part.readerOf(ldp);
  const charges = segmentsBehind(group, ldp, 'LCC').map((segment) => codeList(part.readerOf(segment), 4));
  const chargeCodes = charges.flatMap((codes) => codes ?? []);
  return {
    department: reader.code(2) ?? undefined,
    services: textList(reader, 3),
    specialties: codeList(reader, 4),
    active: reader.text(6),
    activeFrom: reader.time(7),
    activeTo: reader.time(8),
    costCenter: reader.code(12),
    chargeCodes: chargeCodes.length > 0 ? chargeCodes : charges.find((codes) => codes === null),
  };
}
