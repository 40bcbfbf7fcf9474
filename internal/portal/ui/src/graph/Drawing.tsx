import { useStoreApi, ViewportPortal } from '@xyflow/react'
import { startTransition, useEffect, useMemo, useState } from 'react'
import type { Decoration } from './decoration'
import { type Layout, visible } from './layout'
import { Lines, placedWays } from './Lines'
import type { Outline } from './outline'
import { absolute } from './route'
import { lasts, type Sight, sightOf, within } from './sight'
import { StepCard } from './StepCard'

interface DrawingProps {
  outline: Outline
  layout: Layout
  collapsed: ReadonlySet<string>
  chosen: string | undefined
  decorations: ReadonlyMap<string, Decoration> | undefined
  select: (id: string) => void
  toggle: (id: string) => void
}

/** Drawing is what a definition's graph is made of, as far as it is in sight. It lies on a canvas. */
export function Drawing({ outline, layout, collapsed, chosen, decorations, select, toggle }: DrawingProps) {
  const sight = useSight()
  const placed = useMemo(() => placedIn(outline, layout, collapsed), [outline, layout, collapsed])
  const ways = useMemo(() => placedWays(outline, layout), [outline, layout])
  return (
    <ViewportPortal>
      <Lines ways={ways.filter(({ box }) => within(box, sight))} />
      {placed
        .filter(({ box }) => within(box, sight))
        .map(({ node, box }) => (
          <StepCard
            key={node.id}
            node={node}
            box={box}
            distant={sight.distant}
            chosen={node.id === chosen}
            collapsed={collapsed.has(node.id)}
            decoration={decorations?.get(node.id)}
            select={select}
            toggle={toggle}
          />
        ))}
    </ViewportPortal>
  )
}

function placedIn(outline: Outline, layout: Layout, collapsed: ReadonlySet<string>) {
  const places = absolute(outline, layout)
  return visible(outline, collapsed).flatMap((node) => {
    const box = places.get(node.id)
    return box ? [{ node, box }] : []
  })
}

/** useSight follows the canvas. What comes into sight is drawn between frames, not within one. */
function useSight(): Sight {
  const store = useStoreApi()
  const [sight, setSight] = useState(() => sightOf(store.getState()))
  useEffect(() => {
    let last = sight
    const follow = () => {
      if (lasts(last, store.getState())) return
      last = sightOf(store.getState())
      startTransition(() => setSight(last))
    }
    follow()
    return store.subscribe(follow)
  }, [store])
  return sight
}
