import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from './postgres.ts'
import { isRunning, processTree } from './process-tree.ts'

let postgres: PostgresServer

beforeAll(async () => {
  postgres = await startPostgres()
})

afterAll(() => postgres.stop())

test('each database is a world of its own', async () => {
  const [one, two] = [await postgres.createDatabase(), await postgres.createDatabase()]
  await postgres.query('CREATE TABLE t (x int)', one)
  await postgres.query('INSERT INTO t VALUES (1)', one)
  expect(await postgres.query('SELECT x FROM t', one)).toEqual([{ x: 1 }])
  await expect(postgres.query('SELECT x FROM t', two)).rejects.toThrow(/does not exist/)
})

test('what was committed outlives a kill, on the same port', async () => {
  const { port, pid } = postgres
  const url = await postgres.createDatabase()
  await postgres.query('CREATE TABLE t (x int)', url)
  await postgres.query('INSERT INTO t VALUES (7)', url)
  await postgres.kill()
  expect(isRunning(pid)).toBe(false)
  await expect(postgres.query('SELECT 1')).rejects.toThrow()
  await postgres.start()
  expect(postgres.port).toBe(port)
  expect(await postgres.query('SELECT x FROM t', url)).toEqual([{ x: 7 }])
})

test('commits reach the disk', async () => {
  expect(await postgres.query('SHOW fsync')).toEqual([{ fsync: 'on' }])
})

test('a frozen server answers when it is resumed', async () => {
  postgres.pause()
  const answer = postgres.query('SELECT 1 AS one')
  const first = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 300, 'silence'))])
  expect(first).toBe('silence')
  postgres.resume()
  expect(await answer).toEqual([{ one: 1 }])
})

test('after a stop no process is left', async () => {
  const other = await startPostgres()
  const tree = processTree(other.pid)
  expect(tree.length).toBeGreaterThan(3)
  await other.stop()
  expect(tree.filter(isRunning)).toEqual([])
})
