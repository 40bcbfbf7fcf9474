/** ErrorDetail is one problem in an error of the API: code, message, and what it is about. */
export interface ErrorDetail {
  code: string
  message: string
  target?: string
  details?: ErrorDetail[]
}

/**
 * ApiError is a refusal of the server, or a server that cannot be reached (status 0, code
 * "Unreachable").
 */
export class ApiError extends Error {
  readonly status: number
  readonly detail: ErrorDetail
  readonly requestId: string

  constructor(status: number, detail: ErrorDetail, requestId = '') {
    super(detail.message)
    this.name = 'ApiError'
    this.status = status
    this.detail = detail
    this.requestId = requestId
  }

  get code(): string {
    return this.detail.code
  }
}

/** isMissing tells whether an error says that a resource is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}

/** toApiError gives any failure the form of the API's. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new ApiError(0, { code: 'Unexpected', message })
}

/** unreachable is the error of a request that got no answer. */
export function unreachable(): ApiError {
  return new ApiError(0, { code: 'Unreachable', message: 'The server does not answer. Start it again with `isle up`, or look at its log, and try again.' })
}

/** readError reads the error of an answer, whatever form it has. */
export async function readError(response: Response): Promise<ApiError> {
  const requestId = response.headers.get('x-ms-request-id') ?? ''
  const text = await response.text()
  return new ApiError(response.status, detailOf(text) ?? { code: `Http${response.status}`, message: text.slice(0, 500) || response.statusText }, requestId)
}

/** detailOf finds the error in a body: {"error": {…}} as the resource manager has it, or OAuth's {"error": "…"}. */
export function detailOf(text: string): ErrorDetail | undefined {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return undefined
  }
  return detailIn(body)
}

export function detailIn(body: unknown): ErrorDetail | undefined {
  if (!isObject(body)) return undefined
  if (isObject(body.error)) return readDetail(body.error)
  if (typeof body.error === 'string') return { code: body.error, message: textOf(body.error_description) || body.error }
  return typeof body.code === 'string' ? readDetail(body) : undefined
}

function readDetail(e: Record<string, unknown>): ErrorDetail {
  const detail: ErrorDetail = { code: textOf(e.code) || 'Unknown', message: textOf(e.message) }
  if (typeof e.target === 'string') detail.target = e.target
  if (Array.isArray(e.details)) detail.details = e.details.filter(isObject).map(readDetail)
  return detail
}

function textOf(v: unknown): string {
  return typeof v === 'string' ? v : ''
}

function isObject(v: unknown): v is Record<string, unknown> {
  return typeof v === 'object' && v !== null && !Array.isArray(v)
}
