import type { RedisServer } from '../servers/redis.ts'

/** Redis carries no message any more, and goes on holding slots. */
export async function losePushes(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.command('ACL', 'SETUSER', 'default', 'resetchannels')))
}

export async function healPushes(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.command('ACL', 'SETUSER', 'default', 'allchannels')))
}
