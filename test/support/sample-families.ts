/** A good body for each family of messages, of invented people: what tests change one thing of. */
import { EVN, PID, PV1 } from './sample-lines.ts';

const ORC = 'ORC|NW|P700^OE|F800^LAB||||1^^^20260302||20260302101500|||1999999984^HALE^ROWAN^^^^^^NPI';
const OBR = 'OBR|1|P700^OE|F800^LAB|80053^METABOLIC PANEL^CPT|||20260302101000||||||||||||||||||F';
const BLG = 'BLG|S^20260302101000|CH|ACC5001^^^NORTH|R1^ROUTINE';

/** By MSH-9.1; each family reaches every kind of event that it can give. */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  ORM: [PID, PV1, ORC, OBR, 'ORC|NW|R900', 'RQD|1|IT77^GLOVES^ITEM|||10|BX|CC1|6100|DOCK|20260310', 'RQ1|12.50'],
  OMG: [PID, PV1, ORC, OBR, BLG, ORC.replace('NW', 'CA')],
  OML: [PID, PV1, ORC, OBR, 'SPM|1', ORC.replace('NW', 'XO'), OBR],
  OMP: [PID, PV1, ORC, 'RXO|J0696^CEFTRIAXONE^HCPCS|1||g|||||||10|VIAL', BLG],
  ORU: [PID, PV1, ORC.replace('NW', 'RE'), OBR, 'OBX|1|NM|1||5|||N|||F', OBR.replace('|F', '|P'), 'OBX|2|NM|1||6'],
  OMS: [PID, PV1, 'ORC|NW|R900', 'RQD|1|IT77^GLOVES^ITEM|||10|BX|CC1|6100|DOCK|20260310', 'RQ1|12.50', BLG],
  OMN: [EVN, 'ORC|NW|R900', 'RQD|1|IT77^GLOVES^ITEM|||10|BX|CC1|6100|DOCK|20260310', 'RQ1|12.50'],
};

/** Undefined for a family that has its lines in the test itself. */
export const goodLinesOf = (messageType: string): readonly string[] | undefined => FAMILIES[messageType.slice(0, 3)];
