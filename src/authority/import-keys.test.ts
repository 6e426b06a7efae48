import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root, type ScratchAuthority, scratchAuthority } from '../../test/servers/scratch-authority.ts'
import { randomBase62 } from '../kernel/id.ts'
import { Secret } from '../kernel/secret.ts'
import { compileForms } from '../tokens/foreign.ts'
import type { ImportLine } from './authority.ts'

let house: ScratchAuthority
let tenantId: string
beforeAll(async () => {
  house = await scratchAuthority()
  tenantId = (await house.authority.createTenant(root, { name: 'Acme' })).id
})
afterAll(() => house.close())

const dify = () => `app-${randomBase62(24)}`
const line = (more: Partial<ImportLine>): ImportLine => ({ kind: 'app', tenantId, name: 'imported', ...more })
const sha256 = (token: string) => createHash('sha256').update(token).digest('hex')
const found = async (token: string) => (await house.credential(new Secret(token))).credential
const fits = async (token: string) => compileForms(await house.database.store.patterns()).fits(token)

describe('importing keys', () => {
  it('makes a key work under its own name, with what the line says', async () => {
    const key = dify()
    const expiresAtMs = house.now() + 60_000
    const { results } = await house.authority.importKeys(root, [line({ key, scopes: ['chat'], expiresAtMs })])
    expect(results).toEqual([{ outcome: 'imported', keyId: expect.any(String) }])
    expect(await found(key)).toMatchObject({ kind: 'app', tenantId, scopes: ['chat'], expiresAtMs })
    expect(await fits(key)).toBe(true)
    const [result] = results
    if (result?.outcome !== 'imported') throw new Error('not imported')
    expect(await house.authority.key(root, result.keyId)).toMatchObject({ prefix: 'app-', lastFour: key.slice(-4) })
  })

  it('makes a key work of which only the SHA-256 is left', async () => {
    const key = dify()
    const pattern = { prefix: 'app-', length: 28 }
    const { results } = await house.authority.importKeys(root, [line({ sha256: sha256(key), pattern })])
    expect(results[0]?.outcome).toBe('imported')
    expect(await found(key)).toMatchObject({ kind: 'app' })
    expect(await fits(key)).toBe(true)
  })

  it('registers one pattern for many keys of a kind, ends all cached absence and restricts nothing', async () => {
    const { head } = await house.database.changeLog.snapshot(1e12, 1000)
    const lines = Array.from({ length: 50 }, () => line({ key: `dataset-${randomBase62(24)}`, kind: 'dataset' }))
    const before = (await house.database.store.patterns()).length
    await house.authority.importKeys(root, lines)
    expect(await house.database.store.patterns()).toHaveLength(before + 1)
    await house.authority.importKeys(root, [line({ key: `dataset-${randomBase62(24)}`, kind: 'dataset' })])
    const { rows } = await house.database.changeLog.read('nobody', head.seq + 1, 100)
    expect(rows.map(({ subjects, restricts }) => ({ subjects, restricts }))).toEqual([
      { subjects: ['patterns', 'absent'], restricts: false },
      { subjects: ['absent'], restricts: false },
    ])
  })

  it('changes nothing for a key that is there already, in clear or by its SHA-256, twice in a batch or later', async () => {
    const key = dify()
    const { results } = await house.authority.importKeys(root, [line({ key }), line({ key, name: 'again' })])
    const [first, second] = results
    expect([first?.outcome, second?.outcome]).toEqual(['imported', 'exists'])
    const pattern = { prefix: 'app-', length: 28 }
    const again = await house.authority.importKeys(root, [line({ sha256: sha256(key), pattern })])
    expect(again).toEqual({ results: [second], position: null })
  })

  it('brings no key back that was revoked or deleted', async () => {
    const key = dify()
    const { results } = await house.authority.importKeys(root, [line({ key })])
    const id = results[0]?.outcome === 'imported' ? results[0].keyId : ''
    await house.authority.deleteKey(root, id)
    expect((await house.authority.importKeys(root, [line({ key })])).results).toMatchObject([{ outcome: 'exists' }])
    expect(await found(key)).toMatchObject({ keyState: 'revoked' })
  })

  it('refuses a line that is wrong, says why, and goes on with the others', async () => {
    const { secret } = await house.authority.createKey(root, { kind: 'app', tenantId, name: 'native' })
    const bad: [Partial<ImportLine>, string][] = [
      [{ key: secret.reveal() }, 'format of Gatehouse'],
      [{ key: 'short' }, 'not valid'],
      [{ key: 'x'.repeat(513) }, 'not valid'],
      [{ key: `${dify()} ` }, 'not valid'],
      [{}, 'either key or sha256'],
      [{ key: dify(), sha256: sha256('x') }, 'either key or sha256'],
      [{ sha256: 'abc', pattern: { prefix: '', length: 20 } }, 'not a SHA-256'],
      [{ sha256: sha256('x') }, 'pattern is missing'],
      [{ sha256: sha256('x'), pattern: { prefix: 'app-', length: 4 } }, 'pattern is not valid'],
      [{ sha256: sha256('x'), pattern: { prefix: 'app-', length: 28, alphabet: 'ä' } }, 'pattern is not valid'],
      [{ key: dify(), name: '' }, 'name'],
      [{ key: dify(), scopes: ['a b'] }, 'scopes'],
      [{ key: dify(), expiresAtMs: 1 }, 'past'],
      [{ key: dify(), tenantId: 'ten_none' }, 'no tenant'],
      [{ key: dify(), appId: 'app_none' }, 'appId'],
    ]
    const good = dify()
    const { results } = await house.authority.importKeys(root, [
      ...bad.map(([more]) => line(more)),
      line({ key: good }),
    ])
    for (const [i, [, said]] of bad.entries()) {
      expect(results[i]).toEqual({
        outcome: 'refused',
        problem: expect.stringContaining(said),
        fix: expect.any(String),
      })
    }
    expect(results.at(-1)?.outcome).toBe('imported')
    expect(await found(good)).not.toBeNull()
  })

  it('takes 1 to 1000 lines at once', async () => {
    const many = Array.from({ length: 1000 }, () => line({ key: dify() }))
    const { results } = await house.authority.importKeys(root, many)
    expect(results.every(({ outcome }) => outcome === 'imported')).toBe(true)
    for (const lines of [[], [...many, line({ key: dify() })]]) {
      await expect(house.authority.importKeys(root, lines)).rejects.toMatchObject({ code: 'request.invalid' })
    }
  })

  it("keeps a caller with a tenant within it, and does not tell whose key another tenant's is", async () => {
    const other = await house.authority.createTenant(root, { name: 'Other' })
    const caller = { ...root, id: 'x', tenantId: other.id }
    const key = dify()
    await house.authority.importKeys(root, [line({ key })])
    const { results } = await house.authority.importKeys(caller, [
      line({ key: dify() }),
      line({ key, tenantId: undefined }),
      line({ key: dify(), tenantId: undefined, scopes: ['beyond'] }),
      line({ key: dify(), tenantId: undefined }),
    ])
    expect(results.map(({ outcome }) => outcome)).toEqual(['refused', 'exists', 'refused', 'imported'])
    expect(results[1]).toEqual({ outcome: 'exists', keyId: null })
  })

  it('tells an admin over all tenants whose key it is already, and changes nothing', async () => {
    const other = await house.authority.createTenant(root, { name: 'Holder' })
    const key = dify()
    await house.authority.importKeys({ ...root, id: 'x', tenantId: other.id }, [line({ key, tenantId: other.id })])
    for (const again of [{ key }, { sha256: sha256(key), pattern: { prefix: 'app-', length: 28 } }]) {
      const { results, position } = await house.authority.importKeys(root, [line(again)])
      const problem = expect.stringMatching(`is a key of another tenant.*${other.id}`)
      expect(results).toEqual([{ outcome: 'refused', problem, fix: expect.any(String) }])
      expect(position).toBeNull()
    }
    expect(await found(key)).toMatchObject({ tenantId: other.id })
  })

  it('takes from a caller with a tenant only what its holder can show', async () => {
    const caller = { ...root, id: 'x', tenantId }
    const key = dify()
    const pattern = { prefix: 'app-', length: 28 }
    const { results } = await house.authority.importKeys(caller, [
      line({ sha256: sha256(key), pattern }),
      line({ key }),
    ])
    expect(results).toMatchObject([{ outcome: 'refused', problem: expect.stringContaining('clear keys only') }, {}])
    expect(results[1]?.outcome).toBe('imported')
  })

  it('gives an imported key a secret in the own format when it is rotated', async () => {
    const key = dify()
    const { results } = await house.authority.importKeys(root, [line({ key })])
    const id = results[0]?.outcome === 'imported' ? results[0].keyId : ''
    const { secret } = await house.authority.rotateKey(root, id, { graceSeconds: 60 })
    expect(secret.reveal()).toMatch(/^gh_app_/)
    expect([await found(key), await found(secret.reveal())]).toMatchObject([{ keyId: id }, { keyId: id }])
  })
})

describe('the forms of foreign keys', () => {
  /** Each of another form. */
  const oddKeys = (count: number, from: number) =>
    Array.from({ length: count }, (_, i) => line({ key: `p${from + i}-${'x'.repeat(24)}`, tenantId: own }))
  let own: string

  it('are bounded, the sooner for callers with a tenant, who go on importing those that are known', async () => {
    const fresh = await scratchAuthority()
    own = (await fresh.authority.createTenant(root, { name: 'Own' })).id
    const caller = { ...root, id: 'x', tenantId: own }
    const outcomes = async (by: typeof root | typeof caller, lines: ImportLine[]) => {
      const { results } = await fresh.authority.importKeys(by, lines)
      return Object.fromEntries(
        Object.entries(Object.groupBy(results, ({ outcome }) => outcome)).map(([outcome, all]) => [
          outcome,
          all.length,
        ]),
      )
    }
    expect(await outcomes(caller, oddKeys(120, 100))).toEqual({ imported: 100, refused: 20 })
    expect(await outcomes(caller, [line({ key: `p100-${'y'.repeat(24)}`, tenantId: own })])).toEqual({ imported: 1 })
    expect(await outcomes(root, oddKeys(1000, 1000))).toEqual({ imported: 900, refused: 100 })
    expect(await fresh.database.store.patterns()).toHaveLength(1000)
    const { results } = await fresh.authority.importKeys(root, oddKeys(1, 5000))
    expect(results).toMatchObject([{ outcome: 'refused', problem: expect.stringContaining('1000 forms') }])
    await fresh.close()
  })
})
