import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { freePort } from '../test/servers/free-port.ts'
import { scratchDirectory } from '../test/servers/scratch.ts'
import { pinningNote } from './cores.ts'
import type { Row } from './row.ts'
import { median } from './samples.ts'
import { demoKeyOf, type Served, serveGatehouse } from './served.ts'
import { ms } from './words.ts'

const wantedMs = 1_000
const wantedMiB = 120

export const start: Row = {
  id: 'P11',
  what: 'from `gatehouse serve` to the first answer, embedded',
  against: '–',
  target: '≤ 1 s, ≤ 120 MB resident',
  place: 'load core',
  async measure({ quick }) {
    const starts = quick ? 3 : 9
    const [first, second, resident, used]: [number[], number[], number[], number[]] = [[], [], [], []]
    for (let i = 0; i < starts; i++) {
      const dataDir = scratchDirectory('p11')
      const fresh = await timedStart(dataDir)
      first.push(fresh.tookMs)
      const key = demoKeyOf(fresh.server)
      await fresh.server.stop()
      const again = await timedStart(dataDir)
      second.push(again.tookMs)
      resident.push(residentMiB(again.server))
      await askMany(again.server, key, 2_000)
      used.push(residentMiB(again.server))
      await again.server.stop()
    }
    const [slowest, most] = [Math.max(median(first), median(second)), median(resident)]
    return {
      outcome: slowest <= wantedMs && most <= wantedMiB ? 'holds' : 'missed',
      said:
        `first start ${ms(median(first))}, second ${ms(median(second))}; ${Math.round(most)} MB resident, ` +
        `${Math.round(median(used))} MB after 2,000 checks`,
      figures: {
        firstStartMs: median(first),
        secondStartMs: median(second),
        residentMiB: most,
        residentAfterChecksMiB: median(used),
      },
      plots: [
        {
          kind: 'strips',
          title: 'From the command to the first answer of /authz',
          unit: 'ms',
          series: [
            { name: 'first start', values: first },
            { name: 'second start', values: second },
          ],
        },
      ],
      notes: [
        `Median of ${starts} starts each, built code; the first start makes the database, its master key, an admin key and a ` +
          'demo key. From the launch of the process to the whole first answer, asked for every 2 ms. Resident: VmRSS then, in MiB.',
        pinningNote,
      ],
    }
  },
}

async function timedStart(dataDir: string): Promise<{ server: Served; tookMs: number }> {
  const port = await freePort()
  const startedMs = performance.now()
  const starting = serveGatehouse(dataDir, ['--demo', '--port', String(port)])
  const answered = firstAnswer(port, startedMs + 30_000)
  const [server, answeredMs] = await Promise.all([starting, answered])
  return { server, tookMs: answeredMs - startedMs }
}

/** When the first whole answer came, whatever it says: here 401, since nobody knows a key yet. */
async function firstAnswer(port: number, deadlineMs: number): Promise<number> {
  while (performance.now() < deadlineMs) {
    if ((await ask(port)) !== '') return performance.now()
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  throw new Error('the server gave no answer')
}

/** The status line, or nothing. */
function ask(port: number, key = 'none'): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('error', () => resolve(''))
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('close', () => resolve(text.slice(0, text.indexOf('\r\n'))))
    socket.write(`GET /authz HTTP/1.1\r\nHost: gatehouse\r\nConnection: close\r\nAuthorization: Bearer ${key}\r\n\r\n`)
  })
}

async function askMany({ port }: Served, key: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const status = await ask(port, key)
    if (!status.includes(' 200 ')) throw new Error(`/authz answered ${status}`)
  }
}

function residentMiB({ pid }: Served): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1024
}
