import { Badge, Button, Card, Spinner, Subtitle2, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, Text, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular, EditRegular, ListRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Answer } from '../api/client'
import { useResource } from '../api/resources'
import { Breakable } from '../frame/Breakable'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { ErrorView } from '../frame/ErrorView'
import { useChange } from '../frame/notifications'
import { useResourceId } from '../frame/ResourcePage'
import { CollectionForm } from './CollectionForm'
import { firewallType, type Firewall, type RuleCollection } from './resources'
import type { Edit } from './saving'

const useStyles = makeStyles({
  tools: { display: 'flex' },
  card: { rowGap: tokens.spacingVerticalS },
  head: { display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalM, flexWrap: 'wrap' },
  title: { overflowWrap: 'anywhere', minWidth: 0 },
  grow: { flexGrow: 1 },
  muted: { color: tokens.colorNeutralForeground3 },
  frame: { overflowX: 'auto' },
  table: { minWidth: '640px' },
  cell: { overflowWrap: 'anywhere', paddingBlock: tokens.spacingVerticalXS },
})

/** CollectionsPane has a firewall's network rule collections, in the order in which they are asked. */
export function CollectionsPane() {
  const styles = useStyles()
  const id = useResourceId(firewallType)
  const firewall = useResource<Firewall>(id)
  const change = useChange()
  const [edited, setEdited] = useState<RuleCollection | 'new'>()
  const [deleting, setDeleting] = useState<RuleCollection>()
  if (firewall.error) return <ErrorView error={firewall.error} retry={() => void firewall.refetch()} />
  if (!firewall.data) return <Spinner label="Reading the rules" />
  const answer = firewall.data
  const collections = answer.body.properties.networkRuleCollections.toSorted((a, b) => a.properties.priority - b.properties.priority)
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setEdited('new')}>
      Add network rule collection
    </Button>
  )
  const remove = () => {
    if (deleting === undefined) return
    const rest = answer.body.properties.networkRuleCollections.filter((c) => c.name !== deleting.name)
    change(withCollections(answer, rest, `Deleting ${deleting.name}`, `${deleting.name} was deleted.`)).catch(() => undefined) // the notification tells it
  }
  return (
    <>
      {collections.length > 0 && <div className={styles.tools}>{add}</div>}
      {collections.length === 0 && <EmptyState icon={ListRegular} title="No network rules yet" text="What no rule allows, a firewall denies." action={add} />}
      {collections.map((c) => (
        <CollectionCard key={c.name} collection={c} edit={() => setEdited(c)} remove={() => setDeleting(c)} />
      ))}
      {edited !== undefined && <CollectionForm firewall={answer} collection={edited === 'new' ? undefined : edited} close={() => setEdited(undefined)} />}
      <ConfirmDialog open={deleting !== undefined} close={() => setDeleting(undefined)} title={`Delete the collection ${deleting?.name ?? ''}?`} action="Delete" confirm={remove}>
        Its rules go with it. What they allowed and no other rule allows is denied at once.
      </ConfirmDialog>
    </>
  )
}

/** withCollections is the change that gives a firewall other rule collections, if it is as it was read. */
export function withCollections(read: Answer<Firewall>, collections: RuleCollection[], title: string, done: string): Edit {
  const { id, location, tags, properties } = read.body
  const body = { location, ...(tags === undefined ? {} : { tags }), properties: { ...properties, networkRuleCollections: collections } }
  return { id, body, title, done, send: (client) => client.put(id, body, { ifMatch: read.etag }) }
}

function CollectionCard({ collection, edit, remove }: { collection: RuleCollection; edit: () => void; remove: () => void }) {
  const styles = useStyles()
  const { priority, action, rules } = collection.properties
  return (
    <Card className={styles.card} role="group" aria-label={`Collection ${collection.name}`}>
      <div className={styles.head}>
        <Subtitle2 as="h2" className={styles.title}>
          {collection.name}
        </Subtitle2>
        <Badge appearance="tint" color={action.type === 'Allow' ? 'success' : 'danger'}>
          {action.type}
        </Badge>
        <Text className={styles.muted}>Priority {priority}</Text>
        <span className={styles.grow} />
        <Button size="small" icon={<EditRegular />} onClick={edit} aria-label={`Edit ${collection.name}`}>
          Edit
        </Button>
        <Button size="small" appearance="subtle" icon={<DeleteRegular />} onClick={remove} aria-label={`Delete ${collection.name}`} />
      </div>
      <div className={styles.frame} tabIndex={0}>
        <Table size="small" aria-label={`Rules of ${collection.name}`} className={styles.table}>
          <TableHeader>
            <TableRow>
              {['Name', 'Protocols', 'Source addresses', 'Destination addresses', 'Destination ports'].map((title) => (
                <TableHeaderCell key={title}>{title}</TableHeaderCell>
              ))}
            </TableRow>
          </TableHeader>
          <TableBody>
            {rules.map((r) => (
              <TableRow key={r.name}>
                {[r.name, r.protocols.join(', '), r.sourceAddresses.join(', '), r.destinationAddresses.join(', '), r.destinationPorts.join(', ')].map((text, i) => (
                  <TableCell key={i} className={styles.cell}>
                    <Breakable text={text} />
                  </TableCell>
                ))}
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </div>
    </Card>
  )
}
