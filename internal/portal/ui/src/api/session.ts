import { ApiError, readError, toApiError, unreachable } from './error'

/**
 * The portal's own registration with the server's issuer: a public client, so it has no
 * secret and proves by PKCE that it is who asked (RFC 7636).
 */
const clientId = '0b5f8f6e-4d0c-4f6a-9d5e-15e0b0a7a151'
const tenant = '/common/oauth2/v2.0'
const scope = 'https://management.azure.com/.default offline_access openid profile'
const returnPath = '/portal/signin'

const refreshKey = 'isle.refresh' // in localStorage: the refresh token, for all tabs
const pendingKey = 'isle.pending' // in sessionStorage: the sign-in under way

/** Pending is what the page must know when the issuer sends the browser back to it. */
interface Pending {
  state: string
  verifier: string
  from: string // path, query and fragment to go on at
}

interface TokenAnswer {
  access_token: string
  refresh_token: string
  id_token?: string
  expires_in: number | string // seconds
}

export interface Person {
  name: string
  userName: string
  objectId: string
}

export type SessionState =
  | { kind: 'starting' }
  | { kind: 'signed out'; error?: ApiError }
  | { kind: 'signed in'; person: Person }

/**
 * Session is who uses the portal in this browser. The access token is in memory only. The
 * refresh token is for all tabs, so that a new one is signed in, and a sign-out is one of
 * all; it is good only with a cookie that no script reads. Both are used with requests to
 * the page's own origin alone.
 */
export class Session {
  private state: SessionState = { kind: 'starting' }
  private started = false
  private access = ''
  private ends = 0 // ms since 1970
  private shown: string | undefined // object ID of whom the page is of: it holds nothing of two people
  private renewal: Promise<string> | undefined // the one renewal under way
  private readonly listeners = new Set<() => void>()

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  readonly current = (): SessionState => this.state

  /**
   * start takes up what the tab had before, or what the issuer sent the browser back with;
   * then the browser's address becomes the one that the person was at. Only the first call
   * does anything.
   */
  async start(): Promise<void> {
    if (this.started) return
    this.started = true
    addEventListener('storage', (event) => {
      if (event.key === refreshKey || event.key === null) this.heed()
    })
    if (location.pathname === returnPath) return this.finish(new URLSearchParams(location.search))
    if (localStorage.getItem(refreshKey) === null) return this.become({ kind: 'signed out' })
    await this.renew().catch(() => undefined)
  }

  /** heed does what another tab has done: it signed out, or somebody signed in there. */
  private heed(): void {
    this.access = ''
    if (localStorage.getItem(refreshKey) !== null) void this.renew().catch(() => undefined)
    else if (this.state.kind === 'signed in') this.become({ kind: 'signed out' })
  }

  /** signIn sends the browser to the issuer's page, which sends it back to from. */
  async signIn(from: string): Promise<void> {
    const pending: Pending = { state: randomText(), verifier: randomText(), from }
    sessionStorage.setItem(pendingKey, JSON.stringify(pending))
    const query = new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      redirect_uri: location.origin + returnPath,
      scope,
      state: pending.state,
      code_challenge: await challenge(pending.verifier),
      code_challenge_method: 'S256',
      response_mode: 'query',
    })
    location.assign(`${tenant}/authorize?${query.toString()}`)
  }

  async signOut(): Promise<void> {
    const token = localStorage.getItem(refreshKey)
    this.forget()
    if (token !== null) await post('revoke', { client_id: clientId, token }).catch(() => undefined)
    this.become({ kind: 'signed out' })
  }

  /** token is an access token that is still good for a while. */
  async token(): Promise<string> {
    return this.access !== '' && Date.now() < this.ends ? this.access : this.renew()
  }

  /** renew gets a new access token by the refresh token. */
  async renew(): Promise<string> {
    this.renewal ??= this.refresh().finally(() => {
      this.renewal = undefined
    })
    return this.renewal
  }

  /** expired ends the session after the server has refused its token. */
  expired(): void {
    this.forget()
    this.become({ kind: 'signed out', error: new ApiError(401, { code: 'SignedOut', message: 'Your sign-in has ended. Sign in again to go on where you were.' }) })
  }

  private async finish(query: URLSearchParams): Promise<void> {
    const pending = takePending()
    history.replaceState(null, '', pending?.from ?? '/portal/') // the code is gone from the address
    try {
      if (pending === undefined || pending.state !== query.get('state')) {
        throw new ApiError(0, { code: 'SignInMixedUp', message: 'The answer belongs to no sign-in that this tab began. Sign in again.' })
      }
      const refused = query.get('error')
      if (refused !== null) throw new ApiError(0, { code: refused, message: query.get('error_description') ?? refused })
      const form = { grant_type: 'authorization_code', client_id: clientId, code: query.get('code') ?? '', redirect_uri: location.origin + returnPath, code_verifier: pending.verifier }
      const answer = await post('token', form)
      localStorage.setItem(refreshKey, answer.refresh_token)
      this.take(answer)
    } catch (error) {
      this.become({ kind: 'signed out', error: toApiError(error) })
    }
  }

  private async refresh(): Promise<string> {
    const token = localStorage.getItem(refreshKey)
    if (token === null) {
      this.expired()
      throw new ApiError(401, { code: 'SignedOut', message: 'You are signed out.' })
    }
    const answer = await post('token', { grant_type: 'refresh_token', client_id: clientId, refresh_token: token, scope }).catch(toApiError)
    if (localStorage.getItem(refreshKey) !== token) return this.refresh() // another tab has signed in or out meanwhile
    if (!(answer instanceof ApiError)) return this.take(answer)
    if (answer.status >= 400 && answer.status < 500) this.expired()
    else if (this.state.kind === 'starting') this.become({ kind: 'signed out', error: answer })
    throw answer
  }

  private take(answer: TokenAnswer): string {
    this.access = answer.access_token
    this.ends = Date.now() + (Number(answer.expires_in) - 60) * 1000
    const person = personIn(answer.access_token)
    if (this.shown !== undefined && this.shown !== person.objectId) location.reload()
    this.shown = person.objectId
    if (this.state.kind !== 'signed in') this.become({ kind: 'signed in', person })
    return this.access
  }

  private forget(): void {
    this.access = ''
    localStorage.removeItem(refreshKey)
  }

  private become(state: SessionState): void {
    this.state = state
    for (const listener of this.listeners) listener()
  }
}

function takePending(): Pending | undefined {
  const text = sessionStorage.getItem(pendingKey)
  sessionStorage.removeItem(pendingKey)
  return text === null ? undefined : (JSON.parse(text) as Pending)
}

async function post(endpoint: 'token' | 'revoke', form: Record<string, string>): Promise<TokenAnswer> {
  const response = await fetch(`${tenant}/${endpoint}`, { method: 'POST', body: new URLSearchParams(form), cache: 'no-store' }).catch(() => {
    throw unreachable()
  })
  if (!response.ok) throw await readError(response)
  const text = await response.text()
  return JSON.parse(text === '' ? '{}' : text) as TokenAnswer
}

/** personIn reads whom a token is for. It is shown, and decides nothing. */
export function personIn(token: string): Person {
  const payload = token.split('.')[1] ?? ''
  const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
  const claims = JSON.parse(new TextDecoder().decode(bytes)) as { name?: string; upn?: string; oid?: string }
  return { name: claims.name ?? claims.upn ?? '', userName: claims.upn ?? '', objectId: claims.oid ?? '' }
}

function randomText(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)))
}

async function challenge(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))))
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
