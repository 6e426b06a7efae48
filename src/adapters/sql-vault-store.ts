import type { VaultStore } from '../authority/store.ts'
import type { SqlEngine } from './sql-engine.ts'

export function sqlVaultStore(engine: SqlEngine): VaultStore {
  const checkName = 'master_key_check'
  return {
    peppers: () => engine.reader.selectFrom('peppers').selectAll().orderBy('generation').execute(),
    addPepper: (generation, wrapped) =>
      engine.write(async (tx) => {
        const insert = tx.insertInto('peppers').values({ generation, wrapped })
        await insert.onConflict((conflict) => conflict.doNothing()).execute()
        const stored = tx.selectFrom('peppers').select('wrapped').where('generation', '=', generation)
        return (await stored.executeTakeFirstOrThrow()).wrapped
      }),
    masterKeyCheck: (value) =>
      engine.write(async (tx) => {
        const insert = tx.insertInto('meta').values({ name: checkName, value })
        await insert.onConflict((conflict) => conflict.doNothing()).execute()
        const stored = tx.selectFrom('meta').select('value').where('name', '=', checkName)
        return (await stored.executeTakeFirstOrThrow()).value
      }),
  }
}
