/** Completion is something that an editor offers in place of the text from an offset on. */
export interface Completion {
  readonly label: string
  readonly insert: string // $0 is where the cursor goes
  readonly from: number
  readonly detail: string // short, beside the label
  readonly help: string
  readonly kind: 'function' | 'name'
}

/** Complete gives what may stand at an offset of a text. */
export type Complete = (text: string, offset: number) => readonly Completion[]
