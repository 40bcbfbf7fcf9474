import { Button, Card, MessageBar, MessageBarBody, Subtitle2, makeStyles, tokens } from '@fluentui/react-components'
import { useState } from 'react'
import { AutoscaleCard } from '../autoscale/AutoscaleCard'
import { ErrorView } from '../frame/ErrorView'
import { useChange } from '../frame/notifications'
import { CapacityField } from './BasicsTab'
import type { Environment } from './environment'
import { useEnvironment } from './useEnvironment'

const useStyles = makeStyles({ card: { maxWidth: '720px', rowGap: tokens.spacingVerticalL, padding: tokens.spacingHorizontalL } })

/** ScalePane changes the additional capacity of a Premium environment, by hand or by conditions (ise.md A8). */
export function ScalePane() {
  const { environment } = useEnvironment()
  if (environment === undefined) return null
  if (environment.sku?.name !== 'Premium') {
    return (
      <MessageBar intent="info" layout="multiline">
        <MessageBarBody>The Developer SKU has one unit and cannot be scaled. Premium has up to ten more; the SKU is chosen when an environment is created.</MessageBarBody>
      </MessageBar>
    )
  }
  return (
    <>
      <Scale key={environment.sku.capacity} environment={environment} />
      <AutoscaleCard target={environment.id} location={environment.location} capacity={environment.sku.capacity ?? 0} />
    </>
  )
}

function Scale({ environment }: { environment: Environment }) {
  const styles = useStyles()
  const { id, name, sku } = environment
  const change = useChange()
  const [units, setUnits] = useState(sku?.capacity ?? 0)
  const [error, setError] = useState<unknown>()
  const save = () => {
    setError(undefined)
    change({ id, title: `Scaling ${name}`, done: `${name} has ${units} additional units.`, target: id, send: (client) => client.patch(id, { sku: { name: sku?.name, capacity: units } }) }).catch(setError)
  }
  return (
    <Card className={styles.card}>
      <Subtitle2 as="h2">Manual scale</Subtitle2>
      <CapacityField capacity={units} change={setUnits} />
      {error !== undefined && <ErrorView error={error} />}
      <div>
        <Button appearance="primary" disabled={units === sku?.capacity} onClick={save}>
          Save
        </Button>
      </div>
    </Card>
  )
}
