import { expect, test } from 'vitest'
import { lasts, sightOf, within } from './sight'

const view = (x: number, y: number, zoom = 1) => ({ transform: [x, y, zoom] as const, width: 1000, height: 600 })

test('what is kept is what is seen, and a margin around it', () => {
  const sight = sightOf(view(0, 0))
  expect(within({ x: -350, y: -100, width: 248, height: 56 }, sight)).toBe(true)
  expect(within({ x: -600, y: -100, width: 248, height: 56 }, sight)).toBe(false)
  expect(within({ x: -5000, y: -5000, width: 20_000, height: 20_000 }, sight)).toBe(true) // a container around all of it
  expect(within({ x: 0, y: 761, width: 248, height: 56 }, sight)).toBe(false)
  expect(within({ x: 0, y: 761, width: 248, height: 56 }, sightOf(view(0, 0, 0.5)))).toBe(true)
})

test('a sight lasts for a while, and covers what is seen as long as it lasts', () => {
  const sight = sightOf(view(0, 0))
  expect(lasts(sight, view(0, -99))).toBe(true)
  expect(lasts(sight, view(0, -101))).toBe(false)
  for (let moved = 0; lasts(sight, view(moved, -moved)); moved += 7) {
    const seen = { x: -moved, y: moved, width: 1000, height: 600 }
    expect(sight.left <= seen.x && sight.top <= seen.y && sight.right >= seen.x + seen.width && sight.bottom >= seen.y + seen.height).toBe(true)
  }
})

test('from afar nothing comes and goes while it moves over the screen', () => {
  expect(lasts(sightOf(view(0, 0, 0.1)), view(-1500, 1500, 0.1))).toBe(true)
  expect(lasts(sightOf(view(0, 0, 0.1)), view(-1600, 0, 0.1))).toBe(false)
})

test('a sight does not last when names become legible, or too small', () => {
  expect(lasts(sightOf(view(0, 0, 0.41)), view(0, 0, 0.39))).toBe(false)
  expect(lasts(sightOf(view(0, 0, 0.39)), view(0, 0, 0.41))).toBe(false)
})
