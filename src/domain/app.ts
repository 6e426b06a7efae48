export const appModes = ['chat', 'completion', 'advanced-chat', 'workflow', 'agent-chat', 'service'] as const
export type AppMode = (typeof appModes)[number]
export type AppState = 'active' | 'disabled'

export interface App {
  readonly id: string
  readonly tenantId: string
  readonly name: string
  readonly mode: AppMode
  readonly state: AppState
  readonly metadata: Readonly<Record<string, unknown>>
  readonly createdAtMs: number
  readonly updatedAtMs: number
}
