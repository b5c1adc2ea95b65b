/** Why an epoch began: the store was new, its folder was copied or cloned, or it was restored from a backup. */
export type EpochReason = 'provisioned' | 'copied' | 'restored';

/** One life of a store; nothing in it changes while the appliance runs. Written by `src/platform/store-identity.ts`. */
export interface StoreIdentity {
  /** UUID given at provisioning; the same in every copy. */
  readonly storeId: string;
  /** From 1; a copy has a higher one than what it was copied from. */
  readonly epoch: number;
  /** UUID of this epoch: two copies of one store differ in it. */
  readonly epochId: string;
  readonly epochReason: EpochReason;
  /** RFC 3339, UTC. */
  readonly epochStartedAt: string;
}
