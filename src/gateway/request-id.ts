import { randomBase62 } from '../kernel/id.ts'

const origin = randomBase62(12)
let count = 0

/** Unlike any other in the fleet: which process, and the how-manieth of it. Names a request, protects nothing. */
export function newRequestId(): string {
  count++
  return `${origin}-${count.toString(36)}`
}

const form = /^[A-Za-z0-9._-]{1,128}$/

/** Whether a client's own id may stand in headers, logs and the audit. */
export function isRequestId(text: string): boolean {
  return form.test(text)
}
