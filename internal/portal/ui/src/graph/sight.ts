// Which part of a drawing is kept in the document: what is seen, and a margin around it, so
// that a movement brings something new only now and then, and little at a time.

import type { Box } from './layout'

/** View is how a drawing is shown: its scale, where its corner is, and the size of the frame, in pixels. */
export interface View {
  readonly transform: readonly [x: number, y: number, zoom: number]
  readonly width: number
  readonly height: number
}

/** Sight is a part of a drawing, in its own pixels, and whether it is too small to be read. */
export interface Sight {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
  readonly distant: boolean
}

const margin = 160 // pixels of the screen that are kept around the frame
const afar = 1600 // the same from afar, where a card is a shape: so all of it stays, and nothing comes while it moves
const least = 60 // of them that must be left, else the sight is renewed
const legible = 0.4 // scale

/** sightOf is what is worth keeping at a view. */
export function sightOf(view: View): Sight {
  return around(view, isDistant(view) ? afar : margin)
}

/** lasts says whether a sight still does at a view that has moved on. */
export function lasts(sight: Sight, view: View): boolean {
  const seen = around(view, least)
  return sight.distant === seen.distant && sight.left <= seen.left && sight.top <= seen.top && sight.right >= seen.right && sight.bottom >= seen.bottom
}

/** within says whether any of a box, in the drawing's pixels, is in sight. */
export function within(box: Box, { left, top, right, bottom }: Sight): boolean {
  return box.x <= right && box.x + box.width >= left && box.y <= bottom && box.y + box.height >= top
}

function around(view: View, by: number): Sight {
  const { width, height } = view
  const [x, y, zoom] = view.transform
  return { left: (-x - by) / zoom, top: (-y - by) / zoom, right: (width - x + by) / zoom, bottom: (height - y + by) / zoom, distant: isDistant(view) }
}

function isDistant({ transform: [, , zoom] }: View): boolean {
  return zoom < legible
}
