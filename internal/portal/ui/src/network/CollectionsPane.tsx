import { Button, MessageBar, MessageBarBody, Spinner, makeStyles } from '@fluentui/react-components'
import { AddRegular, ListRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import type { Answer } from '../api/client'
import { useResource } from '../api/resources'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { EmptyState } from '../frame/EmptyState'
import { ErrorView } from '../frame/ErrorView'
import { ResourceLink } from '../frame/ResourceLink'
import { useResourceId } from '../frame/ResourcePage'
import { inOrder, ofFirewall, toFirewall, type Collection } from './collection'
import { CollectionCard } from './CollectionCard'
import { CollectionForm } from './CollectionForm'
import { firewallType, type Firewall } from './resources'
import { kept, useNetworkChange, type Edit } from './saving'

const useStyles = makeStyles({ tools: { display: 'flex' } })

/** CollectionsPane has a firewall's own rule collections, in the order in which they are asked; those of a policy are on the policy's page. */
export function CollectionsPane() {
  const id = useResourceId(firewallType)
  const firewall = useResource<Firewall>(id)
  if (firewall.error) return <ErrorView error={firewall.error} retry={() => void firewall.refetch()} />
  if (!firewall.data) return <Spinner label="Reading the rules" />
  const policy = firewall.data.body.properties.firewallPolicy?.id
  if (policy === undefined) return <Collections firewall={firewall.data} />
  return (
    <MessageBar intent="info" layout="multiline">
      <MessageBarBody>
        The firewall has no rules of its own: it goes by those of the firewall policy <ResourceLink id={policy} />.
      </MessageBarBody>
    </MessageBar>
  )
}

function Collections({ firewall }: { firewall: Answer<Firewall> }) {
  const styles = useStyles()
  const { carry, question } = useNetworkChange()
  const [edited, setEdited] = useState<{ read: Answer<Firewall>; collection?: Collection }>()
  const [deleting, setDeleting] = useState<Collection>()
  const collections = inOrder(ofFirewall(firewall.body.properties))
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setEdited({ read: firewall })}>
      Add rule collection
    </Button>
  )
  const remove = () => {
    if (deleting === undefined) return
    const rest = collections.filter((c) => c.name !== deleting.name)
    void carry({ ...withCollections(firewall, rest, `Deleting ${deleting.name}`, `${deleting.name} was deleted.`), action: 'Delete' })
  }
  return (
    <>
      {collections.length > 0 && <div className={styles.tools}>{add}</div>}
      {collections.length === 0 && <EmptyState icon={ListRegular} title="No rules yet" text="What no rule allows, a firewall denies." action={add} />}
      {collections.map((c) => (
        <CollectionCard key={c.name} level={2} collection={c} edit={() => setEdited({ read: firewall, collection: c })} remove={() => setDeleting(c)} />
      ))}
      {edited !== undefined && <OwnCollectionForm read={edited.read} collection={edited.collection} close={() => setEdited(undefined)} />}
      <ConfirmDialog open={deleting !== undefined} close={() => setDeleting(undefined)} title={`Delete the collection ${deleting?.name ?? ''}?`} action="Delete" confirm={remove}>
        Its rules go with it. What they allowed and no other rule allows is denied at once.
      </ConfirmDialog>
      {question}
    </>
  )
}

/** OwnCollectionForm is the form of a collection of a firewall, as that was when the form was opened. */
function OwnCollectionForm({ read, collection, close }: { read: Answer<Firewall>; collection: Collection | undefined; close: () => void }) {
  const others = ofFirewall(read.body.properties).filter((c) => c.name !== collection?.name)
  const edit = (c: Collection) => withCollections(read, [...others, c], `${collection ? 'Changing' : 'Adding'} ${c.name}`, `${c.name} was ${collection ? 'changed' : 'added'}.`)
  return <CollectionForm location={read.body.location} collection={collection} others={others} edit={edit} close={close} />
}

/** withCollections is the change that gives a firewall other rule collections, if it is as it was read. */
function withCollections(read: Answer<Firewall>, collections: Collection[], title: string, done: string): Edit {
  const { id, properties } = read.body
  const body = { ...kept(read.body), properties: { ...properties, ...toFirewall(collections) } }
  return { id, body, title, done, send: (client) => client.put(id, body, { ifMatch: read.etag }) }
}
