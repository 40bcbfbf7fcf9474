import '@xyflow/react/dist/base.css'
import './canvas.css'
import { Controls, type Edge, type FitViewOptions, type Node, ReactFlow, type ReactFlowProps } from '@xyflow/react'
import { useTheme } from '../frame/theme'

interface CanvasProps<N extends Node, E extends Edge> extends ReactFlowProps<N, E> {
  fitting: FitViewOptions // how the whole is brought into view
  onWhole?: () => void // the whole is asked for, if it is not of nodes
}

/** Canvas is what a drawing is panned and zoomed on. What is on it stays in its place, and is chosen by what it is made of. */
export function Canvas<N extends Node = Node, E extends Edge = Edge>({ fitting, onWhole, children, ...flow }: CanvasProps<N, E>) {
  const { dark } = useTheme()
  return (
    <ReactFlow
      colorMode={dark ? 'dark' : 'light'}
      fitViewOptions={fitting}
      nodesDraggable={false}
      nodesConnectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      elementsSelectable={false}
      zoomOnDoubleClick={false}
      disableKeyboardA11y
      panOnScroll
      {...flow}
    >
      {children}
      <Controls showInteractive={false} fitViewOptions={fitting} {...(onWhole && { onFitView: onWhole })} />
    </ReactFlow>
  )
}
