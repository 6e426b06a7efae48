import type { Pepper, PepperRing } from '../tokens/peppers.ts'
import { createPepperRing, newPepperSecret } from '../tokens/peppers.ts'
import type { Vault } from '../tokens/vault.ts'
import { confirmMasterKey } from '../tokens/vault.ts'
import type { VaultStore } from './store.ts'

/**
 * Opens the pepper generations that are stored, and makes the first where there is none: of two nodes that start at once,
 * both use the one that was stored first. Throws `Fault('setting.invalid')` if the master key is not the one of this
 * database; then nothing was written.
 */
export async function openPeppers(store: VaultStore, vault: Vault): Promise<PepperRing> {
  return createPepperRing(await readPeppers(store, vault))
}

/** As `openPeppers`, but the secrets themselves. */
export async function readPeppers(store: VaultStore, vault: Vault): Promise<readonly Pepper[]> {
  confirmMasterKey(vault, await store.masterKeyCheck(vault.checkValue))
  const stored = await store.peppers()
  const present = stored.length > 0 ? stored : [{ generation: 1, wrapped: await firstPepper(store, vault) }]
  return present.map(({ generation, wrapped }) => ({ generation, secret: vault.unwrap(label(generation), wrapped) }))
}

function firstPepper(store: VaultStore, vault: Vault): Promise<string> {
  return store.addPepper(1, vault.wrap(label(1), newPepperSecret()))
}

function label(generation: number): string {
  return `pepper:${generation}`
}
