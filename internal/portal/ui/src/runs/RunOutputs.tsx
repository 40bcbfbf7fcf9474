import { makeStyles, Text, tokens } from '@fluentui/react-components'
import { TextEditor } from '../editor/TextEditor'
import type { RunProperties } from './run'

const useStyles = makeStyles({ root: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalS } })

/** RunOutputs shows the outputs of a workflow's run, if it declares some. */
export function RunOutputs({ outputs }: { outputs: RunProperties['outputs'] }) {
  const styles = useStyles()
  const values = Object.fromEntries(Object.entries(outputs).map(([name, o]) => [name, o.error ?? o.value]))
  if (Object.keys(values).length === 0) return null
  return (
    <section className={styles.root} aria-label="Outputs">
      <Text as="h2" weight="semibold" size={400}>
        Outputs of the run
      </Text>
      <TextEditor label="Outputs of the run" text={JSON.stringify(values, null, 2)} language="json" wrap />
    </section>
  )
}
