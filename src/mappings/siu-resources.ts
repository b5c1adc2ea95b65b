/** RGS with AIS, AIG, AIL and AIP: what an appointment needs (HL7 v2.5.1 ch. 10). */
import { LIST_ELEMENTS_MAX } from '../model/contract-fields.ts';
import type { EventData } from '../model/event.ts';
import type { FieldReader } from './fields.ts';
import type { Part } from './parts.ts';
import { anyCode, locationAt, quantityAt } from './quantities.ts';

type Resource = NonNullable<EventData<'schedule.booked'>['resources']>[number];

/** Field numbers that differ from segment to segment; 0 where it has none. */
const FIELDS = {
  AIS: { kind: 'service', role: 0, starts: 4, duration: 7, status: 10 },
  AIG: { kind: 'general', role: 4, starts: 8, duration: 11, status: 14 },
  AIL: { kind: 'location', role: 4, starts: 6, duration: 9, status: 12 },
  AIP: { kind: 'personnel', role: 4, starts: 6, duration: 9, status: 12 },
} as const;

type ResourceSegment = keyof typeof FIELDS;

const isResource = (name: string): name is ResourceSegment => Object.hasOwn(FIELDS, name);

/** In the order of the message; too many are a problem, never cut. */
export function readResources(part: Part): Resource[] {
  const { message } = part.reading;
  const resources: Resource[] = [];
  const counts = new Map<string, number>();
  let group: string | undefined;
  for (const segment of message.segments()) {
    const { name } = segment;
    if (name === 'RGS') {
      const rgs = part.reader(segment, 'RGS');
      group = rgs.text(3) ?? rgs.text(1);
    }
    if (!isResource(name)) continue;
    if (resources.length === LIST_ELEMENTS_MAX) {
      part.problem('limit', name, `Expected at most ${LIST_ELEMENTS_MAX} resources in one appointment.`);
      return [];
    }
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    resources.push(resourceOf(part.reader(segment, `${name}[${count}]`), name, group));
  }
  return resources;
}

function resourceOf(reader: FieldReader<undefined>, name: ResourceSegment, group: string | undefined): Resource {
  const { kind, role, starts, duration, status } = FIELDS[name];
  return {
    kind,
    group,
    action: reader.text(2),
    code: name === 'AIS' || name === 'AIG' ? anyCode(reader, 3) : undefined,
    location: name === 'AIL' ? locationAt(reader, 3) : undefined,
    person: name === 'AIP' ? reader.identifier(3, 9) : undefined,
    role: role === 0 ? undefined : reader.code(role),
    startsAt: reader.time(starts),
    duration: quantityAt(reader, [duration], [duration + 1]),
    quantity: name === 'AIG' ? quantityAt(reader, [6], [7]) : undefined,
    status: reader.code(status),
  };
}
