import { Button, Tooltip, makeStyles, tokens } from '@fluentui/react-components'
import { CheckmarkRegular, CopyRegular } from '@fluentui/react-icons'
import { useState } from 'react'

const useStyles = makeStyles({
  root: { display: 'inline-flex', alignItems: 'center', columnGap: tokens.spacingHorizontalXS, minWidth: 0, maxWidth: '100%' },
  text: { fontFamily: tokens.fontFamilyMonospace, overflowWrap: 'anywhere', minWidth: 0 },
})

/** CopyText is a text that people take elsewhere, with a button that copies it. */
export function CopyText({ text, label }: { text: string; label: string }) {
  const styles = useStyles()
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
  }
  return (
    <span className={styles.root}>
      <span className={styles.text}>{text}</span>
      <Tooltip content={copied ? 'Copied' : 'Copy'} relationship="description">
        <Button
          size="small"
          appearance="subtle"
          aria-label={`Copy ${label}`}
          icon={copied ? <CheckmarkRegular /> : <CopyRegular />}
          onClick={() => void copy()}
          onBlur={() => setCopied(false)}
        />
      </Tooltip>
    </span>
  )
}
