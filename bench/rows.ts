import { inProcess } from './p1-in-process.ts'
import { againstPeers } from './p1b-peers.ts'
import { authz } from './p2-authz.ts'
import { nginxLua } from './p2b-nginx-lua.ts'
import { sharedHit } from './p4-l2-hit.ts'
import { herd } from './p5-herd.ts'
import { revocation } from './p6-revoke.ts'
import { start } from './p11-start.ts'
import type { Row } from './row.ts'

/** In the order of the table. */
export const rows: readonly Row[] = [inProcess, againstPeers, authz, nginxLua, sharedHit, herd, revocation, start]
