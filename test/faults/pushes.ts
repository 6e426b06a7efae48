import { setTimeout as pause } from 'node:timers/promises'
import type { RedisServer } from '../servers/redis.ts'
import type { Fleet } from './fleet.ts'
import { coldKey } from './storm.ts'

/** Redis carries no message any more, and goes on holding slots. */
export async function losePushes(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.command('ACL', 'SETUSER', 'default', 'resetchannels')))
}

export async function healPushes(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.command('ACL', 'SETUSER', 'default', 'allchannels')))
}

/** A key that every node has in memory, under traffic; every push is lost, then it is revoked. */
export async function revokeWithoutPushes(fleet: Fleet, servers: readonly RedisServer[], watchMs: number) {
  const { id, key } = await coldKey(fleet)
  await fleet.callers.fire(fleet.nodes, 2, key)
  await losePushes(servers)
  try {
    const stream = await fleet.callers.stream(fleet.nodes, 2, 5, key)
    const receipt = await fleet.admin().revoke(id)
    await pause(watchMs)
    return { receipt, records: await stream.stop() }
  } finally {
    await healPushes(servers)
  }
}
