import { Button, Field, Input, makeStyles, tokens } from '@fluentui/react-components'
import { CheckmarkRegular, CopyRegular, EyeRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useClient } from '../api/context'
import { ErrorView } from '../frame/ErrorView'

const useStyles = makeStyles({
  row: { display: 'flex', columnGap: tokens.spacingHorizontalS },
  url: { flexGrow: 1, minWidth: 0, fontFamily: tokens.fontFamilyMonospace },
})

interface Callback {
  value: string
  method?: string
}

/** CallbackUrl shows the URL that calls a trigger when somebody asks: who has it may call. */
export function CallbackUrl({ id, trigger }: { id: string; trigger: string }) {
  const styles = useStyles()
  const client = useClient()
  const [callback, setCallback] = useState<Callback>()
  const [error, setError] = useState<unknown>()
  const [copied, setCopied] = useState(false)
  const ask = () => {
    client.post<Callback>(`${id}/triggers/${encodeURIComponent(trigger)}/listCallbackUrl`).then((answer) => setCallback(answer.body), setError)
  }
  if (error !== undefined) return <ErrorView error={error} retry={ask} />
  if (!callback) {
    return (
      <div>
        <Button icon={<EyeRegular />} onClick={ask}>
          Show the callback URL
        </Button>
      </div>
    )
  }
  return (
    <Field label={`Callback URL${callback.method ? ` (${callback.method})` : ''}`} hint="It holds a signature: whoever has it may call.">
      <div className={styles.row}>
        <Input readOnly className={styles.url} value={callback.value} aria-label="Callback URL" onFocus={(e) => e.target.select()} />
        <Button icon={copied ? <CheckmarkRegular /> : <CopyRegular />} onClick={() => void navigator.clipboard.writeText(callback.value).then(() => setCopied(true))}>
          {copied ? 'Copied' : 'Copy'}
        </Button>
      </div>
    </Field>
  )
}
