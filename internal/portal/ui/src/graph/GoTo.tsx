import { Combobox, makeStyles, Option, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import type { Node } from './outline'

const useStyles = makeStyles({
  root: { width: '200px', minWidth: 0, backgroundColor: tokens.colorNeutralBackground1, borderRadius: tokens.borderRadiusMedium },
  box: { minWidth: 0, width: '100%' },
})

const most = 25 // names that are offered at a time

/** GoTo finds a trigger or action by a part of its name, wherever in the drawing it is. */
export function GoTo({ nodes, go }: { nodes: readonly Node[]; go: (id: string) => void }) {
  const styles = useStyles()
  const [text, setText] = useState('')
  const wanted = text.trim().toLowerCase().replaceAll(' ', '_')
  const found = nodes.filter((n) => n.kind !== 'branch' && n.name.toLowerCase().replaceAll(' ', '_').includes(wanted)).slice(0, most)
  return (
    <div className={styles.root}>
      <Combobox
        className={styles.box}
        size="small"
        placeholder="Go to an action"
        aria-label="Go to an action"
        freeform
        value={text}
        selectedOptions={[]}
        onChange={(e) => setText(e.target.value)}
        onOptionSelect={(_, data) => {
          setText('')
          if (data.optionValue !== undefined) go(data.optionValue)
        }}
      >
        {found.map((n) => (
          <Option key={n.id} value={n.id} text={n.name}>
            {n.name.replaceAll('_', ' ')}
          </Option>
        ))}
      </Combobox>
    </div>
  )
}
