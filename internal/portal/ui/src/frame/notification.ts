import type { ApiError } from '../api/error'
import { toApiError } from '../api/error'

/** Notification is one long operation that somebody began here, or its outcome. */
export interface Notification {
  key: number
  title: string // what is being done, as "Creating env1"
  text: string // the last status, or what came of it
  state: 'running' | 'succeeded' | 'failed'
  error?: ApiError
  target?: string // the ID of the resource, for Go to resource
  inPlace: boolean // it failed, and the form that it was begun in shows that, so nobody needs to be told
  began: Date
  ended?: Date
  seen: boolean
}

export interface Work {
  title: string
  done: string // what is told when it went well, as "env1 was created."
  target?: string
  inPlace?: () => boolean // whether a failure is shown where it was begun; asked at the end, when that may have been left
}

/**
 * Notifications are the operations of this tab, newest first. Whoever begins one hands it
 * to {@link Notifications.follow}; the pane and the toasts show it.
 */
export class Notifications {
  private list: readonly Notification[] = []
  private next = 1
  private readonly listeners = new Set<() => void>()

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  readonly current = (): readonly Notification[] => this.list

  /** follow shows work until it has ended, and passes on what it gives or throws. What is told of its end may depend on what it gave. */
  async follow<T>(work: Omit<Work, 'done'> & { done: string | ((result: T) => string) }, run: (told: (status: string) => void) => Promise<T>): Promise<T> {
    const key = this.begin(work)
    try {
      const result = await run((status) => this.change(key, { text: status }))
      this.change(key, { state: 'succeeded', text: typeof work.done === 'string' ? work.done : work.done(result), ended: new Date(), seen: false, ...(work.target === undefined ? {} : { target: work.target }) })
      return result
    } catch (error) {
      const failed = toApiError(error)
      const inPlace = work.inPlace?.() ?? false
      this.change(key, { state: 'failed', text: failed.message, error: failed, ended: new Date(), seen: inPlace, inPlace })
      throw error
    }
  }

  /** see marks all as seen. */
  see(): void {
    this.set(this.list.map((n) => (n.state === 'running' ? n : { ...n, seen: true })))
  }

  /** clear forgets those that have ended. */
  clear(): void {
    this.set(this.list.filter((n) => n.state === 'running'))
  }

  private begin(work: Pick<Work, 'title'>): number {
    const key = this.next++
    this.set([{ key, title: work.title, text: 'In progress', state: 'running', inPlace: false, began: new Date(), seen: true }, ...this.list])
    return key
  }

  private change(key: number, change: Partial<Notification>): void {
    this.set(this.list.map((n) => (n.key === key ? { ...n, ...change } : n)))
  }

  private set(list: readonly Notification[]): void {
    this.list = list
    for (const listener of this.listeners) listener()
  }
}
