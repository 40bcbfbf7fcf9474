import { Button, Card, Field, Input, Radio, RadioGroup, Subtitle2, Text, makeStyles, tokens } from '@fluentui/react-components'
import { KeyResetRegular, LinkRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useClient } from '../api/context'
import { CopyText } from '../frame/CopyText'
import { ConfirmDialog } from '../frame/ConfirmDialog'
import { ErrorView } from '../frame/ErrorView'
import { useChange } from '../frame/notifications'
import { useResourceId } from '../frame/ResourcePage'
import { accountType } from './area'

const useStyles = makeStyles({
  card: { rowGap: tokens.spacingVerticalM, padding: tokens.spacingHorizontalL },
  start: { alignSelf: 'start' },
  row: { display: 'flex', columnGap: tokens.spacingHorizontalS },
})

type KeyType = 'Primary' | 'Secondary'

/** CallbackPane makes the account's callback URL, which is a secret, and new access keys. */
export function CallbackPane() {
  const id = useResourceId(accountType)
  return (
    <>
      <CallbackCard account={id} />
      <KeysCard account={id} />
    </>
  )
}

function CallbackCard({ account }: { account: string }) {
  const styles = useStyles()
  const client = useClient()
  const [keyType, setKeyType] = useState<KeyType>('Primary')
  const [until, setUntil] = useState('')
  const [url, setUrl] = useState('')
  const [error, setError] = useState<unknown>()
  const make = async () => {
    setError(undefined)
    try {
      const notAfter = until === '' ? {} : { notAfter: new Date(until).toISOString() }
      const { body } = await client.post<{ value: string }>(`${account}/listCallbackUrl`, { keyType, ...notAfter })
      setUrl(body.value)
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <Card className={styles.card}>
      <Subtitle2 as="h2">Callback URL</Subtitle2>
      <Text>Whoever has it may read what is in the account, until its key is made anew.</Text>
      <Field label="Signed with">
        <RadioGroup layout="horizontal" value={keyType} onChange={(_, data) => setKeyType(data.value === 'Secondary' ? 'Secondary' : 'Primary')}>
          <Radio value="Primary" label="Primary key" />
          <Radio value="Secondary" label="Secondary key" />
        </RadioGroup>
      </Field>
      <Field label="Valid until" hint="Nothing: as long as the key">
        <Input type="datetime-local" value={until} onChange={(_, data) => setUntil(data.value)} className={styles.start} />
      </Field>
      <Button className={styles.start} icon={<LinkRegular />} onClick={() => void make()}>
        Show callback URL
      </Button>
      {error !== undefined && <ErrorView error={error} />}
      {url !== '' && <CopyText text={url} label="callback URL" />}
    </Card>
  )
}

function KeysCard({ account }: { account: string }) {
  const styles = useStyles()
  const change = useChange()
  const [asking, setAsking] = useState<KeyType>()
  const regenerate = () => {
    if (asking === undefined) return
    const done = `The ${asking.toLowerCase()} key was made anew.`
    change({
      id: account,
      title: `Regenerating the ${asking.toLowerCase()} key`,
      done,
      send: (client) => client.post(`${account}/regenerateAccessKey`, { keyType: asking }),
    }).catch(() => undefined) // the notification tells it
  }
  return (
    <Card className={styles.card}>
      <Subtitle2 as="h2">Access keys</Subtitle2>
      <Text>URLs that were signed with a key are no longer good when it is made anew. Links to contents are signed with the primary one.</Text>
      <div className={styles.row}>
        {(['Primary', 'Secondary'] as const).map((key) => (
          <Button key={key} icon={<KeyResetRegular />} onClick={() => setAsking(key)}>
            Regenerate {key.toLowerCase()} key
          </Button>
        ))}
      </div>
      <ConfirmDialog
        open={asking !== undefined}
        close={() => setAsking(undefined)}
        title={`Regenerate the ${asking?.toLowerCase() ?? ''} key?`}
        action="Regenerate"
        confirm={regenerate}
      >
        URLs that were signed with it stop working at once.
      </ConfirmDialog>
    </Card>
  )
}
