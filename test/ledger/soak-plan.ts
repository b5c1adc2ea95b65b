/** A seeded plan of mixed chaos for the ledger. */

/** How long, how often, and whether power can be cut. */
export interface SoakPlan {
  readonly seconds: number;
  readonly meanSeconds: number;
  readonly seed: number;
  readonly canCutPower: boolean;
}

const ERP_FAULTS = [
  ...['down', 'hang', '500', '503', '429', 'reset', 'reset-after', 'late=1500', 'slow=800'],
  ...['html200', 'err200', 'garbage', 'mix=0.3'],
];
const PROCESS_FAULTS = ['kill9', 'term', 'stop 2'];
/** In the second half the process lives on, so that its memory can be watched. */
const PROCESS_FAULTS_UNTIL = 0.5;
const PROCESS_SHARE = 0.35;
const FAULT_SECONDS = { least: 0.5, most: 4 };

/** One act per line of the plan; every fault of the ERP ends by itself. */
export function soakPlan({ seconds, meanSeconds, seed, canCutPower }: SoakPlan): string {
  const random = seeded(seed);
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? '';
  const processFaults = [...PROCESS_FAULTS, ...(canCutPower ? ['powercut'] : [])];
  const acts: string[] = [];
  for (let at = 1; ; ) {
    at += -Math.log(1 - random()) * meanSeconds;
    if (at >= seconds - FAULT_SECONDS.most) return acts.join('; ');
    if (at < seconds * PROCESS_FAULTS_UNTIL && random() < PROCESS_SHARE) {
      acts.push(`${at.toFixed(2)} ${pick(processFaults)}`);
      continue;
    }
    acts.push(`${at.toFixed(2)} sink=${pick(ERP_FAULTS)}`);
    at += FAULT_SECONDS.least + random() * (FAULT_SECONDS.most - FAULT_SECONDS.least);
    acts.push(`${at.toFixed(2)} sink=ok`);
  }
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
