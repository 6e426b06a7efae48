import type { AdminRoutes } from './admin-routes.ts'
import { callerAt } from './admission.ts'
import { adminAnswers } from './answers.ts'
import type { ImportedBody } from './contract.ts'
import { fromInstant } from './instant.ts'
import { Imported, ImportKeys } from './schemas.ts'

export function addImport({ app, authority }: AdminRoutes): void {
  app.post(
    '/keys/import',
    {
      schema: {
        tags: ['keys'],
        summary: 'Import keys that were made elsewhere',
        description:
          'Up to 1000, in clear or, with an admin key over all tenants, as SHA-256. Each is imported or refused by itself; they work unchanged.',
        body: ImportKeys,
        response: adminAnswers({ 200: Imported }, 413),
      },
    },
    async (request): Promise<ImportedBody> => {
      const lines = request.body.keys.map(({ expiresAt, ...line }, index) => ({
        ...line,
        expiresAtMs: fromInstant(`keys.${index}.expiresAt`, expiresAt),
      }))
      const { results, position } = await authority.importKeys(callerAt(request), lines)
      const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length
      return {
        results,
        imported: count('imported'),
        existing: count('exists'),
        refused: count('refused'),
        revision: position?.seq ?? null,
      }
    },
  )
}
