import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { systemCaller } from '../../src/authority/authority.ts'
import { createRuntime } from '../../src/runtime.ts'
import { settingsFrom } from '../../src/settings.ts'
import { startRedis } from '../servers/redis.ts'
import { scratchDirectory } from '../servers/scratch.ts'
import { until } from '../servers/until.ts'

/** A node on SQLite and Redis, and somebody who can write into that Redis. */
async function nodeAndIntruder() {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const dataDir = scratchDirectory('forged-slots')
  const runtime = await createRuntime(settingsFrom({ dataDir, redisUrl: redis.url, logLevel: 'silent', preload: 0 }))
  onTestFinished(() => runtime.close())
  const intruder = new Redis(redis.url)
  onTestFinished(() => intruder.disconnect())
  const caller = systemCaller('cli')
  const tenant = await runtime.authority.createTenant(caller, { name: 'acme' })
  const { key, secret } = await runtime.authority.createKey(caller, { kind: 'service', tenantId: tenant.id, name: 'k' })
  const token = secret.reveal()
  await runtime.gate.verify(token)
  let slot = ''
  await until('the slot is filled', async () => {
    slot = (await intruder.keys('gh:s:*'))[0] ?? ''
    return (await intruder.get(slot))?.startsWith('1V|') === true
  })
  const [, position = ''] = ((await intruder.get(slot)) ?? '').split('|')
  /** What the node says after the intruder has written. */
  const forged = async (text: string) => {
    await intruder.set(slot, text, 'PX', 600_000)
    runtime.node.cache.clear()
    return await runtime.gate.verify(token)
  }
  return { runtime, caller, key, tenant, position, forged, sealedText: (await intruder.get(slot)) ?? '' }
}

test('whoever can write into Redis makes no key mightier, revives none and denies none', async () => {
  const { runtime, caller, key, tenant, position, forged, sealedText } = await nodeAndIntruder()
  const admin = `[1,"${key.id}","admin","active",null,null,null,null,["*"],["*"],[],null,null,null]`
  const seal = sealedText.split('|')[2]?.split('.')[0]
  for (const payload of [admin, `${seal}.${admin}`, `${'A'.repeat(22)}.${admin}`]) {
    const verdict = await forged(`1V|${position}|${payload}`)
    expect(verdict).toMatchObject({ kind: 'accepted', principal: { kind: 'service', tenantId: tenant.id } })
  }
  for (const absent of [`1N|${position}|`, `1N|${position}|${seal}.`]) {
    expect(await forged(absent)).toMatchObject({ kind: 'accepted', principal: { keyId: key.id } })
  }
  await runtime.revoker.revoke(caller, key.id, { remove: false, timeoutMs: 0 })
  const head = runtime.node.follower.position
  const other = admin.replace(key.id, 'ZZZZZZZZZZZZ')
  for (const text of [
    sealedText,
    `1V|${head?.seq}.${head?.mark}|${other}`,
    `1V|${head?.seq}.${head?.mark}|${seal}.${other}`,
  ]) {
    expect(await forged(text)).toMatchObject({ kind: 'refused', reason: 'REVOKED' })
  }
})
