/** Whether the other's page signs contact while one is connected with it. Pure. */

/** With nothing new signed for so long it is no chance: two beats make a signature. */
export const UNPROVEN_AFTER_US = 20_000_000;

/** Since when one is connected without a new signature, by the local clock; null: not connected. */
export type Lack = number | null;

/** At each beat. */
export const beaten = (lack: Lack, connected: boolean, localUs: number): Lack =>
  connected ? (lack ?? localUs) : null;

/** Something new was signed. */
export const signed = (lack: Lack, localUs: number): Lack => (lack === null ? null : localUs);

export const isUnproven = (lack: Lack, localUs: number): boolean =>
  lack !== null && localUs - lack > UNPROVEN_AFTER_US;
