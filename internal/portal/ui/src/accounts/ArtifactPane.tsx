import { Button, Spinner, Subtitle2, makeStyles, tokens } from '@fluentui/react-components'
import { ArrowDownloadRegular, DeleteRegular, EditRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate, useParams, useLocation } from 'react-router'
import type { Answer } from '../api/client'
import { useClient } from '../api/context'
import type { ApiError } from '../api/error'
import { useResource } from '../api/resources'
import { download } from '../editor/download'
import { TextEditor } from '../editor/TextEditor'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { ErrorView } from '../frame/ErrorView'
import { Facts } from '../frame/Facts'
import { timeOf } from '../frame/format'
import { useChange } from '../frame/notifications'
import { useResourceId } from '../frame/ResourcePage'
import { accountType } from './area'
import { ArtifactForm } from './ArtifactForm'
import { fromBase64, sizeText, toBase64 } from './file'
import { draftOf, shownProperties, type Artifact, type Kind } from './kind'
import { kindOf } from './kinds'

const useStyles = makeStyles({
  tools: { display: 'flex', columnGap: tokens.spacingHorizontalS, flexWrap: 'wrap', rowGap: tokens.spacingVerticalS },
  title: { overflowWrap: 'anywhere' },
})

/** ArtifactPane shows the artifact that the address names: what it is, and its content. */
export function ArtifactPane() {
  const account = useResourceId(accountType)
  const { artifact: name = '' } = useParams()
  const segment = useLocation().pathname.replace(/\/$/, '').split('/').at(-2) ?? ''
  const kind = kindOf(segment)
  const id = `${account}/${kind?.segment ?? segment}/${name}`
  const artifact = useResource<Artifact>(id, { enabled: kind !== undefined })
  if (artifact.error) return <ErrorView error={artifact.error} retry={() => void artifact.refetch()} />
  if (!artifact.data || kind === undefined) return <Spinner label="Reading the artifact" />
  return <ArtifactView account={account} kind={kind} answer={artifact.data} />
}

function ArtifactView({ account, kind, answer }: { account: string; kind: Kind; answer: Answer<Artifact> }) {
  const styles = useStyles()
  const navigate = useNavigate()
  const change = useChange()
  const [editing, setEditing] = useState(false)
  const [deleting, setDeleting] = useState(false)
  const { id, name, properties } = answer.body
  const content = useContent(kind, answer)
  const remove = async () => {
    try {
      await change({ id, title: `Deleting ${name}`, done: `${name} was deleted.`, send: (client) => client.delete(id) })
      void navigate(`${account}/${kind.segment}`)
    } catch {
      // the notification tells it
    }
  }
  return (
    <>
      <Subtitle2 as="h2" className={styles.title}>
        {name}
      </Subtitle2>
      <div className={styles.tools}>
        <Button icon={<EditRegular />} disabled={content.data === undefined} onClick={() => setEditing(true)}>
          Edit
        </Button>
        <Button icon={<ArrowDownloadRegular />} disabled={content.data === undefined} onClick={() => content.data !== undefined && save(kind, answer.body, content.data)}>
          Download
        </Button>
        <Button icon={<DeleteRegular />} onClick={() => setDeleting(true)}>
          Delete
        </Button>
      </div>
      <Facts
        facts={[
          ...[...kind.columns, ...kind.fields.filter((f) => !kind.columns.some((c) => c.member === f.key)).map((f) => ({ title: f.label, member: f.key }))].map((c) => ({
            label: c.title,
            value: String(properties[c.member] ?? ''),
          })),
          ...(properties.contentLink?.contentSize === undefined ? [] : [{ label: 'Size', value: sizeText(properties.contentLink.contentSize) }]),
          { label: 'Created', value: timeOf(properties.createdTime) },
          { label: 'Changed', value: timeOf(properties.changedTime) },
        ]}
      />
      {content.error && <ErrorView error={content.error} title="The content cannot be shown" />}
      {content.isPending && <Spinner label="Reading the content" />}
      {kind.content !== 'bytes' && content.data !== undefined && (
        <TextEditor label={`Content of ${name}`} text={content.data} language={kind.language(properties)} wrap={kind.content === 'text'} />
      )}
      {editing && content.data !== undefined && (
        <ArtifactForm account={account} kind={kind} draft={draftOf(kind, answer.body, content.data)} etag={answer.etag} close={() => setEditing(false)} done={() => undefined} />
      )}
      <ConfirmDialog open={deleting} close={() => setDeleting(false)} title={`Delete the ${kind.noun} ${name}?`} action="Delete" confirm={() => void remove()}>
        Workflows that use it fail from then on.
      </ConfirmDialog>
    </>
  )
}

/** useContent is what an artifact holds, as the form has it: a text, bytes in base64, or the properties. */
function useContent(kind: Kind, answer: Answer<Artifact>) {
  const client = useClient()
  const { id, properties } = answer.body
  return useQuery<string, ApiError>({
    queryKey: ['content', id.toLowerCase(), answer.etag, properties.changedTime ?? ''],
    queryFn: async ({ signal }) => {
      if (kind.content === 'properties') return shownProperties(answer.body)
      const inline = properties[kind.contentMember ?? 'content']
      if (typeof inline === 'string') return inline
      const link = properties.contentLink?.uri
      if (link === undefined) return ''
      return kind.content === 'bytes' ? toBase64(await client.bytes(link, signal)) : client.text(link, signal)
    },
    retry: false,
  })
}

/** save hands the content of an artifact on as a file. */
function save(kind: Kind, artifact: Artifact, content: string): void {
  const extension = kind.extension(artifact.properties)
  const name = artifact.name.endsWith(extension) ? artifact.name : artifact.name + extension
  if (kind.content === 'bytes') download(name, bytesOf(content), 'application/octet-stream')
  else download(name, content, kind.content === 'properties' ? 'application/json' : 'text/plain;charset=utf-8')
}

/** bytesOf are those of base64; a certificate may be text in PEM instead. */
function bytesOf(content: string): BlobPart {
  return content.includes('-----BEGIN') ? content : fromBase64(content)
}
