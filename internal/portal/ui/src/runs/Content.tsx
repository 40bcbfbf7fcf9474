import { Button, makeStyles, Spinner, Text, tokens } from '@fluentui/react-components'
import { ArrowDownloadRegular, CopyRegular, LockClosedRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useClient } from '../api/context'
import type { ApiError } from '../api/error'
import { TextEditor } from '../editor/TextEditor'
import { download } from '../editor/download'
import { ErrorView } from '../frame/ErrorView'
import { pretty } from '../graph/pretty'
import type { ContentLink } from './run'

const useStyles = makeStyles({
  root: { display: 'flex', flexDirection: 'column', rowGap: tokens.spacingVerticalXS },
  head: { display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalXS },
  size: { color: tokens.colorNeutralForeground3, flexGrow: 1 },
  none: { color: tokens.colorNeutralForeground3, display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalXS },
})

const atOnce = 256 * 1024 // bytes that are fetched without asking

interface ContentProps {
  title: string // "Inputs"
  link: ContentLink | undefined
  secured: boolean
  name: string // of the file that it is downloaded as, without an ending
}

/** Content shows recorded inputs or outputs, broken into lines; the editor finds and folds. */
export function Content({ title, link, secured, name }: ContentProps) {
  const styles = useStyles()
  const [asked, setAsked] = useState(false)
  const client = useClient()
  const small = (link?.contentSize ?? 0) <= atOnce
  const content = useQuery<string, ApiError>({
    queryKey: ['content', link?.uri],
    queryFn: ({ signal }) => client.text(link?.uri ?? '', signal),
    enabled: link !== undefined && (small || asked),
    staleTime: Infinity,
    placeholderData: undefined,
  })
  const text = useMemo(() => (content.data === undefined ? undefined : pretty(content.data)), [content.data])
  return (
    <section className={styles.root} aria-label={title}>
      <div className={styles.head}>
        <Text weight="semibold">{title}</Text>
        <Text size={200} className={styles.size}>
          {link === undefined ? '' : sizeOf(link.contentSize)}
        </Text>
        {text !== undefined && (
          <>
            <Button size="small" appearance="subtle" icon={<CopyRegular />} aria-label={`Copy ${title.toLowerCase()}`} onClick={() => void navigator.clipboard.writeText(text)} />
            <Button size="small" appearance="subtle" icon={<ArrowDownloadRegular />} aria-label={`Download ${title.toLowerCase()}`} onClick={() => download(`${name}.json`, content.data ?? '')} />
          </>
        )}
      </div>
      {link === undefined && (
        <Text className={styles.none} size={200}>
          {secured ? (
            <>
              <LockClosedRegular aria-hidden /> Secured: the workflow hides them in its history.
            </>
          ) : (
            'None recorded.'
          )}
        </Text>
      )}
      {link !== undefined && !small && !asked && <Button onClick={() => setAsked(true)}>Show {sizeOf(link.contentSize)}</Button>}
      {content.error && <ErrorView error={content.error} retry={() => void content.refetch()} />}
      {content.isLoading && <Spinner size="tiny" label="Reading" />}
      {text !== undefined && <TextEditor label={title} text={text} language="json" wrap />}
    </section>
  )
}

/** sizeOf is a number of bytes for people. */
export function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`
}
