/** ORC and what follows it, cut into one group for each ordered thing (HL7 v2.5.1 ch. 4). */
import type { Hl7Segment } from '../hl7/message.ts';

/** One ordered thing. */
export interface OrderGroup {
  /** `ORC[2]`; `OBR[3]` for a further detail under one ORC, or a detail without ORC. */
  readonly place: string;
  readonly orc: Hl7Segment | undefined;
  readonly orcName: string;
  /** The segment that says what was ordered, dispensed or given; absent in a bare cancellation. */
  readonly detail: Hl7Segment | undefined;
  readonly detailName: string;
  /** Whether the ORC belongs to this detail alone: the first one behind it. */
  readonly isFirst: boolean;
  /** The segment behind the detail, else what the details under one ORC share (`Shared`). */
  segment(name: string): Hl7Segment | undefined;
  /** Segments with `name` behind the detail. */
  segments(name: string): readonly Hl7Segment[];
}

/**
 * What the details under one ORC share: what stands before the first of them, and the BLG behind the last one, where
 * the standard has that of the whole order. What stands behind another detail is about that one alone.
 */
interface Shared {
  readonly orc: Hl7Segment | undefined;
  readonly orcName: string;
  /** The first of each name that stands before a detail. */
  readonly members: Map<string, Hl7Segment>;
  last: Open | null;
}

interface Open {
  readonly shared: Shared;
  readonly isFirst: boolean;
  readonly members: Map<string, Hl7Segment[]>;
  detail: Hl7Segment | undefined;
  detailName: string;
}

/**
 * A group begins with each ORC, and with each detail where the group before has its detail already: senders write one
 * ORC for several OBR, and results without ORC. A PID ends the group before it: what follows is about another patient,
 * or is an earlier result of the same one.
 */
export function orderGroups(segments: readonly Hl7Segment[], details: readonly string[]): readonly OrderGroup[] {
  const groups: Open[] = [];
  const counts = new Map<string, number>();
  const nameOf = (segment: Hl7Segment): string => {
    const count = (counts.get(segment.name) ?? 0) + 1;
    counts.set(segment.name, count);
    return `${segment.name}[${count}]`;
  };
  let open: Open | null = null;
  const begin = (shared: Shared, isFirst: boolean): Open => {
    open = { shared, isFirst, members: new Map(), detail: undefined, detailName: '' };
    shared.last = open;
    groups.push(open);
    return open;
  };
  for (const segment of segments) {
    const current: Open | null = open;
    if (segment.name === 'ORC') {
      begin({ orc: segment, orcName: nameOf(segment), members: new Map(), last: null }, true);
    } else if (details.includes(segment.name)) {
      const group = groupFor(current, begin);
      group.detail = segment;
      group.detailName = nameOf(segment);
    } else if (segment.name === 'PID') {
      open = null;
    } else if (current !== null) {
      addTo(current, segment);
    }
  }
  return groups.map(closed);
}

function groupFor(current: Open | null, begin: (shared: Shared, isFirst: boolean) => Open): Open {
  if (current === null) return begin({ orc: undefined, orcName: 'ORC', members: new Map(), last: null }, true);
  return current.detail === undefined ? current : begin(current.shared, false);
}

function addTo({ members, shared, detail }: Open, segment: Hl7Segment): void {
  const same = members.get(segment.name);
  if (same === undefined) members.set(segment.name, [segment]);
  else same.push(segment);
  if (detail === undefined && !shared.members.has(segment.name)) shared.members.set(segment.name, segment);
}

function closed({ shared, isFirst, members, detail, detailName }: Open): OrderGroup {
  const { orc, orcName } = shared;
  return {
    place: isFirst && orc !== undefined ? orcName : detailName,
    orc,
    orcName,
    detail,
    detailName,
    isFirst,
    segment: (name) =>
      members.get(name)?.[0] ??
      shared.members.get(name) ??
      (name === 'BLG' && orc !== undefined ? shared.last?.members.get(name)?.[0] : undefined),
    segments: (name) => members.get(name) ?? [],
  };
}
