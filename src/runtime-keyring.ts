import { randomBytes } from 'node:crypto'
import { chmod, link, lstat, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openPeppers, readPeppers } from './authority/open-peppers.ts'
import type { Store, VaultStore } from './authority/store.ts'
import type { Keyring } from './gateway/recognise.ts'
import { Fault } from './kernel/fault.ts'
import { Secret } from './kernel/secret.ts'
import type { Settings } from './settings.ts'
import { compileForms } from './tokens/foreign.ts'
import { type PepperRing, type RecognitionRing, recognitionKeys } from './tokens/peppers.ts'
import { createVault } from './tokens/vault.ts'
import { writeVerifier } from './tokens/verifier.ts'

/** The secrets under which keys are made and recognised, opened with the master key. */
export async function openKeyring(
  settings: Settings,
  kind: 'sqlite' | 'postgres',
  store: VaultStore,
): Promise<PepperRing> {
  return await openPeppers(store, createVault(settings.masterKey ?? (await ownMasterKey(settings, kind, store))))
}

/** What an app that embeds the check is given in place of the master key. */
export async function verifierOf(settings: Settings, kind: 'sqlite' | 'postgres', store: VaultStore): Promise<Secret> {
  const vault = createVault(settings.masterKey ?? (await ownMasterKey(settings, kind, store)))
  return writeVerifier((await readPeppers(store, vault)).map(recognitionKeys))
}

export async function readKeyring(peppers: RecognitionRing, store: Store): Promise<Keyring> {
  return { peppers, forms: compileForms(await store.patterns()) }
}

/**
 * On SQLite the master key is made once and lies beside the database, readable by its owner alone. A database that holds
 * secrets already needs the key that wrapped them: another one would open nothing.
 */
async function ownMasterKey({ dataDir }: Settings, kind: 'sqlite' | 'postgres', store: VaultStore): Promise<Secret> {
  if (kind === 'postgres') {
    throw new Fault('setting.invalid', {
      public: 'GATEHOUSE_MASTER_KEY must be given when the database is PostgreSQL',
      fix: 'Make one with `openssl rand -base64 32` and give every node the same',
    })
  }
  const path = join(dataDir, 'master-key')
  await warnOfOthers(dataDir)
  const present = await readIfThere(path)
  if (present !== undefined) return new Secret(present.trim())
  if ((await store.peppers()).length > 0) {
    throw new Fault('setting.invalid', {
      public: `There is no master key at ${path}, and GATEHOUSE_MASTER_KEY is not set`,
      fix: 'Bring the file back, or set GATEHOUSE_MASTER_KEY to what it held',
    })
  }
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  // Written whole under another name and then linked: nobody ever reads half a key, and the first of two wins.
  const draft = `${path}.${process.pid}`
  await writeFile(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 })
  await chmod(draft, 0o600)
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await rm(draft)
  return new Secret((await readFile(path, 'utf8')).trim())
}

const others = 0o077

/** Whoever may write there can put another database in place of this one. */
async function warnOfOthers(dataDir: string): Promise<void> {
  const mode = await stat(dataDir).then(modeOf, () => 0)
  if ((mode & others) === 0) return
  process.emitWarning(`${dataDir} is open to other users of this machine. Run: chmod 700 ${dataDir}`)
}

/** Windows has no such modes; what Node makes up there says nothing. */
const modeOf = ({ mode }: { readonly mode: number }) => (process.platform === 'win32' ? 0 : mode)

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    if ((modeOf(await stat(path)) & others) !== 0) {
      throw new Fault('setting.invalid', {
        public: `The master key at ${path} can be read by other users of this machine`,
        fix: `Run: chmod 600 ${path}`,
      })
    }
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Fault) throw error
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return await refuseDeadLink(path)
    throw new Fault('setting.invalid', {
      public: `The master key at ${path} cannot be read`,
      fix: 'Give the user that runs Gatehouse the right to read it, or set GATEHOUSE_MASTER_KEY',
      cause: error,
    })
  }
}

async function refuseDeadLink(path: string): Promise<undefined> {
  if (!(await lstat(path).catch(() => undefined))) return
  throw new Fault('setting.invalid', {
    public: `The master key at ${path} is a link to a file that is not there`,
    fix: 'Bring that file back, or remove the link if nothing was stored under it yet',
  })
}
