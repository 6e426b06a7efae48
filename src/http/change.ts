import type { Deletion } from '../authority/authority.ts'
import type { ChangeBody } from './contract.ts'
import { toInstant } from './instant.ts'

export function changeOf({ position, committedAtMs }: Deletion): ChangeBody {
  return { revision: position.seq, committedAt: toInstant(committedAtMs) }
}
