import { ApiError, readError, unreachable } from './error'
import type { Session } from './session'
import { versionOf } from './versions'

/** Answer is what the server said: the body read as T, and what its headers tell. */
export interface Answer<T> {
  status: number
  body: T
  etag: string // '' if there is none
  headers: Headers
}

/** Query are parameters of a request; those that are undefined are left out. */
export type Query = Record<string, string | number | undefined>

export interface Options {
  query?: Query
  ifMatch?: string // the ETag that the resource must still have
  ifNoneMatch?: string // '*': only if it is not there
  signal?: AbortSignal
  body?: unknown // sent as JSON
  json?: string // JSON that is sent as it is, in place of body
}

/**
 * Client calls the resource manager of the page's own origin with the token of whoever is
 * signed in. Paths are resource IDs with what follows them; api-version is added where it
 * is missing. A refusal is thrown as {@link ApiError}; 401 renews the token once, and then
 * ends the session.
 */
export class Client {
  private readonly session: Session

  constructor(session: Session) {
    this.session = session
  }

  async get<T>(path: string, options: Options = {}): Promise<Answer<T>> {
    return this.send<T>('GET', path, options)
  }

  async put<T>(path: string, body: unknown, options: Options = {}): Promise<Answer<T>> {
    return this.send<T>('PUT', path, { ...options, body })
  }

  async patch<T>(path: string, body: unknown, options: Options = {}): Promise<Answer<T>> {
    return this.send<T>('PATCH', path, { ...options, body })
  }

  async post<T>(path: string, body?: unknown, options: Options = {}): Promise<Answer<T>> {
    return this.send<T>('POST', path, { ...options, body })
  }

  async delete<T>(path: string, options: Options = {}): Promise<Answer<T>> {
    return this.send<T>('DELETE', path, options)
  }

  /** text gets a path or an absolute link of this server as it is, such as a content link. */
  async text(url: string, signal?: AbortSignal): Promise<string> {
    return (await call(samePath(url), { signal: signal ?? null })).text()
  }

  /** bytes gets what is behind a link as it is. */
  async bytes(url: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await (await call(samePath(url), { signal: signal ?? null })).arrayBuffer())
  }

  /**
   * getJSON gets a resource as text: what it says goes through no JSON.parse, which loses the
   * digits of numbers and the order of members. Options.json sends such a text back.
   */
  async getJSON(path: string, options: Options = {}): Promise<Answer<string>> {
    const response = await this.authorized(withQuery(samePath(path), options.query), request('GET', options))
    const body = await response.text()
    return { status: response.status, body, etag: response.headers.get('ETag') ?? '', headers: response.headers }
  }

  private async send<T>(method: string, path: string, options: Options): Promise<Answer<T>> {
    const response = await this.authorized(withQuery(samePath(path), options.query), request(method, options))
    const text = await response.text()
    const body = text === '' ? undefined : (JSON.parse(text) as unknown)
    return { status: response.status, body: body as T, etag: response.headers.get('ETag') ?? etagIn(body), headers: response.headers }
  }

  private async authorized(path: string, init: RequestInit & { headers: Headers }): Promise<Response> {
    init.headers.set('Authorization', `Bearer ${await this.session.token()}`)
    try {
      return await call(path, init)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error
    }
    init.headers.set('Authorization', `Bearer ${await this.session.renew()}`)
    try {
      return await call(path, init)
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.session.expired()
      throw error
    }
  }
}

function request(method: string, options: Options): RequestInit & { headers: Headers } {
  const headers = new Headers({ Accept: 'application/json' })
  if (options.ifMatch !== undefined) headers.set('If-Match', options.ifMatch)
  if (options.ifNoneMatch !== undefined) headers.set('If-None-Match', options.ifNoneMatch)
  const init: RequestInit & { headers: Headers } = { method, headers, signal: options.signal ?? null, cache: 'no-store' }
  const body = options.json ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
  if (body !== undefined) {
    headers.set('Content-Type', 'application/json')
    init.body = body
  }
  return init
}

async function call(path: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw unreachable()
  }
  if (!response.ok) throw await readError(response)
  return response
}

/**
 * samePath is the path and query of a URL of this server. Answers name the server by its
 * own address, which need not be the one that the page was loaded from. Whatever the URL
 * is, even one with two slashes in front, the request with the token stays here.
 */
export function samePath(url: string): string {
  const { pathname, search } = new URL(url, 'https://server.invalid')
  return pathname.replace(/^\/+/, '/') + search
}

function withQuery(path: string, query: Query = {}): string {
  const cut = path.indexOf('?')
  const params = new URLSearchParams(cut < 0 ? '' : path.slice(cut + 1))
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(name, String(value))
  }
  const bare = cut < 0 ? path : path.slice(0, cut)
  if (!params.has('api-version') && !bare.startsWith('/v1.0/')) params.set('api-version', versionOf(bare))
  const text = params.toString()
  return text === '' ? bare : `${bare}?${text}`
}

function etagIn(body: unknown): string {
  if (typeof body !== 'object' || body === null || !('etag' in body)) return ''
  return typeof body.etag === 'string' ? body.etag : ''
}
