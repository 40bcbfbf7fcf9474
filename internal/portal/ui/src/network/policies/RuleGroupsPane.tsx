import { Button, Field, Input, Spinner, Subtitle2, Text, makeStyles, tokens } from '@fluentui/react-components'
import { AddRegular, DeleteRegular, EditRegular, ListRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useResource, useResources } from '../../api/resources'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { EmptyState } from '../../frame/EmptyState'
import { ErrorView } from '../../frame/ErrorView'
import { counted } from '../../frame/format'
import { FormDrawer } from '../../frame/FormDrawer'
import { ResourceLink } from '../../frame/ResourceLink'
import { useResourceId } from '../../frame/ResourcePage'
import { inOrder, ofPolicy, priorityProblem, toPolicy, type Collection } from '../collection'
import { CollectionCard } from '../CollectionCard'
import { CollectionForm } from '../CollectionForm'
import { resourceNameProblem } from '../name'
import { policyType, type FirewallPolicy, type RuleCollectionGroup } from '../resources'
import { deletion, useNetworkChange, useNetworkSaving, type Edit } from '../saving'

const useStyles = makeStyles({
  tools: { display: 'flex' },
  group: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalM },
  head: { display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalM, rowGap: tokens.spacingVerticalXS, flexWrap: 'wrap' },
  title: { overflowWrap: 'anywhere', minWidth: 0 },
  grow: { flexGrow: 1 },
  muted: { color: tokens.colorNeutralForeground3 },
})

/** What is over the page: a form, or the question whether to delete. */
type Over =
  | { kind: 'group'; group?: RuleCollectionGroup } // none: a new one
  | { kind: 'collection'; group: RuleCollectionGroup; collection?: Collection }
  | { kind: 'delete group'; group: RuleCollectionGroup }
  | { kind: 'delete collection'; group: RuleCollectionGroup; collection: Collection }

/** RuleGroupsPane has a policy's rule collection groups with their collections and rules, in the order in which they are asked. */
export function RuleGroupsPane() {
  const styles = useStyles()
  const id = useResourceId(policyType)
  const policy = useResource<FirewallPolicy>(id)
  const groups = useResources<RuleCollectionGroup>(`${id}/ruleCollectionGroups`)
  const [over, setOver] = useState<Over>()
  const failed = [policy, groups].find((q) => q.error && !q.data)
  if (failed) return <ErrorView error={failed.error} retry={() => void failed.refetch()} />
  if (!policy.data || !groups.data) return <Spinner label="Reading the rules" />
  const base = policy.data.body.properties.basePolicy?.id
  const ordered = groups.data.toSorted((a, b) => a.properties.priority - b.properties.priority)
  const add = (
    <Button appearance="primary" icon={<AddRegular />} onClick={() => setOver({ kind: 'group' })}>
      Add rule collection group
    </Button>
  )
  return (
    <>
      {base !== undefined && (
        <Text>
          The rule collection groups of the base policy <ResourceLink id={`${base}/rule-collection-groups`}>{base.split('/').pop()}</ResourceLink> are asked before these.
        </Text>
      )}
      {ordered.length > 0 && <div className={styles.tools}>{add}</div>}
      {ordered.length === 0 && (
        <EmptyState icon={ListRegular} title="No rule collection groups yet" text="Rules are in collections, and collections in groups. What no rule allows, a firewall denies." action={add} />
      )}
      {ordered.map((g) => (
        <Group key={g.id} group={g} open={setOver} />
      ))}
      {over?.kind === 'group' && <GroupForm policy={id} group={over.group} groups={ordered} close={() => setOver(undefined)} />}
      {over?.kind === 'collection' && <GroupCollectionForm location={policy.data.body.location} group={over.group} collection={over.collection} close={() => setOver(undefined)} />}
      <DeleteQuestion over={over} close={() => setOver(undefined)} />
    </>
  )
}

function collectionsOf(group: RuleCollectionGroup): Collection[] {
  return group.properties.ruleCollections.map(ofPolicy)
}

/** groupEdit is the change that gives a group another priority, or other collections, if it is as it was read; one without an ETag is made. */
function groupEdit(group: RuleCollectionGroup, collections: Collection[], title: string, done: string): Edit {
  const { id, etag, properties } = group
  const body = { properties: { priority: properties.priority, ruleCollections: collections.map(toPolicy) } }
  return { id, body, title, done, send: (client) => client.put(id, body, etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag }) }
}

function Group({ group, open }: { group: RuleCollectionGroup; open: (over: Over) => void }) {
  const styles = useStyles()
  const collections = inOrder(collectionsOf(group))
  return (
    <section className={styles.group} aria-label={`Rule collection group ${group.name}`}>
      <div className={styles.head}>
        <Subtitle2 as="h2" className={styles.title}>
          {group.name}
        </Subtitle2>
        <Text className={styles.muted}>
          Priority {group.properties.priority}, {counted(collections.length, 'collection')}
        </Text>
        <span className={styles.grow} />
        <Button size="small" icon={<AddRegular />} onClick={() => open({ kind: 'collection', group })} aria-label={`Add rule collection to ${group.name}`}>
          Add rule collection
        </Button>
        <Button size="small" icon={<EditRegular />} onClick={() => open({ kind: 'group', group })} aria-label={`Edit ${group.name}`}>
          Edit
        </Button>
        <Button size="small" appearance="subtle" icon={<DeleteRegular />} onClick={() => open({ kind: 'delete group', group })} aria-label={`Delete ${group.name}`} />
      </div>
      {collections.map((c) => (
        <CollectionCard
          key={c.name}
          level={3}
          collection={c}
          edit={() => open({ kind: 'collection', group, collection: c })}
          remove={() => open({ kind: 'delete collection', group, collection: c })}
        />
      ))}
    </section>
  )
}

function GroupCollectionForm({ location, group, collection, close }: { location: string; group: RuleCollectionGroup; collection: Collection | undefined; close: () => void }) {
  const others = collectionsOf(group).filter((c) => c.name !== collection?.name)
  const edit = (c: Collection) => groupEdit(group, [...others, c], `${collection ? 'Changing' : 'Adding'} ${c.name}`, `${c.name} was ${collection ? 'changed' : 'added'}.`)
  return <CollectionForm location={location} collection={collection} others={others} edit={edit} close={close} />
}

interface GroupFormProps {
  policy: string // ID
  group: RuleCollectionGroup | undefined // undefined: a new one
  groups: RuleCollectionGroup[] // all of the policy
  close: () => void
}

const firstGroup = { name: 'DefaultNetworkRuleCollectionGroup', priority: 200 } // the names and priorities of Azure's portal

function GroupForm({ policy, group, groups, close }: GroupFormProps) {
  const others = groups.filter((g) => g.id !== group?.id).map((g) => ({ name: g.name, priority: g.properties.priority }))
  const behind = Math.max(firstGroup.priority, ...others.map((o) => o.priority)) + 100
  const [name, setName] = useState(group?.name ?? (others.length === 0 ? firstGroup.name : ''))
  const [priority, setPriority] = useState(String(group?.properties.priority ?? (others.length === 0 ? firstGroup.priority : behind)))
  const { problems, save, question } = useNetworkSaving((target) => (target === 'name' ? 'name' : target.endsWith('priority') ? 'priority' : undefined))
  const twin = group === undefined && others.some((o) => o.name.toLowerCase() === name.toLowerCase())
  const nameProblem = name === '' ? '' : twin ? `There is a group ${name} already.` : resourceNameProblem(name)
  const wrong = priorityProblem(priority, others, 'group')
  const submit = () => {
    const of = group ?? { id: `${policy}/ruleCollectionGroups/${name}`, name, properties: { priority: 0, ruleCollections: [] } }
    const changed = { ...of, properties: { ...of.properties, priority: Number(priority) } }
    return save(groupEdit(changed, collectionsOf(of), `${group ? 'Changing' : 'Adding'} ${name}`, `${name} was ${group ? 'changed' : 'added'}.`), close)
  }
  return (
    <FormDrawer
      open
      close={close}
      title={group === undefined ? 'Add rule collection group' : `Group ${group.name}`}
      save={submit}
      saveLabel={group === undefined ? 'Add' : 'Save'}
      saveDisabled={name === '' || nameProblem !== '' || wrong !== ''}
      problems={problems.rest}
      over={question}
    >
      <Field label="Name" required validationMessage={problems.fields.name ?? (nameProblem || undefined)}>
        <Input value={name} onChange={(_, data) => setName(data.value)} disabled={group !== undefined} autoComplete="off" spellCheck={false} />
      </Field>
      <Field label="Priority" required hint="100 to 65000; the lowest number is asked first" validationMessage={problems.fields.priority ?? (wrong || undefined)}>
        <Input value={priority} onChange={(_, data) => setPriority(data.value)} inputMode="numeric" autoComplete="off" />
      </Field>
    </FormDrawer>
  )
}

/** DeleteQuestion deletes a group, or a collection out of one. */
function DeleteQuestion({ over, close }: { over: Over | undefined; close: () => void }) {
  const { carry, question } = useNetworkChange()
  const group = over?.kind === 'delete group' ? over.group : undefined
  const collection = over?.kind === 'delete collection' ? over : undefined
  const removeCollection = () => {
    if (collection === undefined) return
    const { name } = collection.collection
    const rest = collectionsOf(collection.group).filter((c) => c.name !== name)
    void carry({ ...groupEdit(collection.group, rest, `Deleting ${name}`, `${name} was deleted.`), action: 'Delete' })
  }
  return (
    <>
      <ConfirmDialog
        open={group !== undefined}
        close={close}
        title={`Delete the rule collection group ${group?.name ?? ''}?`}
        action="Delete"
        confirm={() => void (group && carry(deletion(group.id, `the group ${group.name}`)))}
      >
        Its collections go with it. What they allowed and no other rule allows is denied at once.
      </ConfirmDialog>
      <ConfirmDialog open={collection !== undefined} close={close} title={`Delete the collection ${collection?.collection.name ?? ''}?`} action="Delete" confirm={removeCollection}>
        Its rules go with it. What they allowed and no other rule allows is denied at once.
      </ConfirmDialog>
      {question}
    </>
  )
}
