import { expect, test } from 'vitest'
import { createMemoryBus, createMemoryPush } from './memory-push.ts'

test('a message reaches every subscriber, the publisher too, after the publisher has gone on', async () => {
  const bus = createMemoryBus()
  const [one, two] = [createMemoryPush(bus), createMemoryPush(bus)]
  const heard: string[] = []
  await one.subscribe((message) => heard.push(`one ${message}`))
  await two.subscribe((message) => heard.push(`two ${message}`))
  const sent = one.publish('hello')
  expect(heard).toEqual([])
  await sent
  await Promise.resolve()
  expect(heard).toEqual(['one hello', 'two hello'])
})

test('who unsubscribes or closes hears nothing more, not even what is under way', async () => {
  const bus = createMemoryBus()
  const [one, two] = [createMemoryPush(bus), createMemoryPush(bus)]
  const heard: string[] = []
  const end = await one.subscribe((message) => heard.push(`one ${message}`))
  await two.subscribe((message) => heard.push(`two ${message}`))
  const sent = one.publish('under way')
  await Promise.all([end(), two.close(), sent])
  await one.publish('later')
  await Promise.resolve()
  expect(heard).toEqual([])
  expect(bus.handlers.size).toBe(0)
})
