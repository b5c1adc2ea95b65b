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
  RDE: [PID, PV1, ORC, 'RXE|^^^20260302|J0696^CEFTRIAXONE^NDC|1||g|||||10|VIAL|2|||RX7', BLG],
  RDS: [PID, PV1, ORC.replace('NW', 'RE'), 'RXD|1|0409-7332-01^CEFTRIAXONE^NDC|20260302|10|VIAL||RX7|||||||||||L1~L2'],
  RAS: [PID, PV1, ORC.replace('NW', 'RE'), 'RXA|1|1|20260302|20260302|J0696^CEFTRIAXONE^HCPCS|1|g||||||||L1|||||CP|A'],
  RGV: [PID, PV1, ORC.replace('NW', 'RE'), 'RXG|1||^^^20260302|J0696^CEFTRIAXONE^HCPCS|1||g'],
  SIU: [
    PID,
    PV1,
    'SCH|A1^OE|A2^SCHED|||OR|||SURG||60|MIN|^^60^20260310080000^20260310090000',
    'RGS|1',
    'AIS|1|A|47562^CHOLE^CPT',
    'AIL|1|A|OR2',
  ],
  PMU: [EVN, 'STF|K1|E1001^^^NORTH^EI|HALE^ROWAN|N||||ICU||||20260301||||||NURSE', 'PRA|K1|||||1999999984^NPI'],
  MFN: [
    'MFI|CDM^CHARGES^HL70175||UPD|||AL',
    'MFE|MAD|R1|20260401|C100^VISIT^L|CE',
    'CDM|C100||VISIT|OFFICE VISIT|||99213^VISIT^CPT|A',
    'PRC|C100||CC1||125.40&USD^UP',
    'MFE|MUP|R2||K1|CE',
    'STF|K1|E1001|HALE^ROWAN',
    'PRA|K1',
    'MFE|MUP|R3||ICU^1^A^NORTH|PL',
    'LOC|ICU^1^A^NORTH|INTENSIVE CARE|D',
    'LDP|ICU|ICU||||A||||||CC1^ICU COST',
    'LCC|ICU|ICU||R100',
    'MFE|MAD|R4||IT77|CE',
    'ITM|IT77|GLOVES||||||||||||1.50',
    'VND|1|V1|MEDSUPPLY',
    'PKG|1|BX||100|12.50',
    'PCE|1|CC1||1.50',
    'IVT|1|W1',
    'ILT|1|L1|20270101',
    'MFE|MAD|R5||IT78|CE',
    'IIM|IT78||L2|20270101||W1|20260301|100|EA|450.00&USD',
    'MFE|MDL|R6||G2345|CE',
    'OM1|1|G2345^GLUCOSE^L',
  ],
  BAR: [
    EVN,
    PID,
    PV1,
    'DG1|1||J18.9^PNEUMONIA^I10',
    'PR1|1||93458^ANGIOGRAPHY^CPT',
    'GP2|0450|1|250.00',
    'GT1|1|G3001',
  ],
  EHC: [
    'IVC|INV1^CLINIC|PAY1^PAYER||OR|||20260301|100.00&USD||NORTH CLINIC^^55|PAYER INC^^77',
    'PSS|S1|||100.00&USD',
    'PSG|G1',
    'PSL|L1||1||||99213^VISIT^CPT|||20260228||1^EA|100.00&USD||100.00&USD|100.00&USD',
    'PMT|T100|20260301||CHCK|20260301|90.00&USD|CHK5||||PAYER INC^^77',
    'IPR|C1^PAYER|INV1^CLINIC||PD|20260301|100.00&USD',
    'IVC|INV1^CLINIC|||OR|||20260301|100.00&USD||NORTH CLINIC^^55',
    'ADJ|A1|||PA|-10.00&USD',
  ],
  CSU: [
    PID,
    PV1,
    'CSR|CASE9',
    'CSS|OR|20260302110000',
    'OBR|1|||47562^CHOLE^CPT|||20260302100000|20260302113000',
    'OBX|1|CE|ITEM||IT77^L77^S1^2^EA^20270101^W1^OR2',
    'OBX|2|CE|ITEM||IT78^^^-1^EA',
  ],
};

/** Undefined for a family that has its lines in the test itself. */
export const goodLinesOf = (messageType: string): readonly string[] | undefined => FAMILIES[messageType.slice(0, 3)];
