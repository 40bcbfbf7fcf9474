import type { Place } from '../graph/pointer'

/** Problem is something wrong at a place of a text. */
export interface Problem extends Place {
  readonly message: string
  readonly code: string
}

/** Language is one that a text can be shown in. */
export type Language = 'json' | 'xml' | 'liquid' | 'csharp' | 'plaintext'
