import { Button, Dropdown, Field, Input, Option, Text, makeStyles, tokens } from '@fluentui/react-components'
import { ArrowUploadRegular } from '@fluentui/react-icons'
import { useRef, useState, type ChangeEvent } from 'react'
import { TextEditor } from '../editor/TextEditor'
import { FormDrawer } from '../frame/FormDrawer'
import { useSaving } from '../frame/saving'
import { nameFrom, readBase64, readText, sizeText } from './file'
import { PropertyForm } from './PropertyForm'
import { artifactField, draftProblems, newDraft, type Draft, type FieldSpec, type Kind } from './kind'

const useStyles = makeStyles({
  upload: { display: 'flex', alignItems: 'center', columnGap: tokens.spacingHorizontalM, flexWrap: 'wrap' },
  muted: { color: tokens.colorNeutralForeground3 },
  hidden: { display: 'none' },
})

interface ArtifactFormProps {
  account: string
  kind: Kind
  draft?: Draft // of one that is there, with its ETag
  etag?: string
  close: () => void
  done: (id: string) => void
}

/** ArtifactForm uploads, makes or changes an artifact. What the server finds wrong stands at its field. */
export function ArtifactForm({ account, kind, draft: read, etag, close, done }: ArtifactFormProps) {
  const [draft, setDraft] = useState<Draft>(read ?? newDraft(kind))
  const [file, setFile] = useState<File>()
  const { problems, save } = useSaving((target) => artifactField(kind, target))
  const own = draftProblems(kind, draft)
  const id = `${account}/${kind.segment}/${draft.name}`
  const submit = () =>
    save(
      {
        id,
        title: `${read ? 'Changing' : 'Adding'} ${draft.name}`,
        done: `${draft.name} was ${read ? 'changed' : 'added'}.`,
        send: (client) =>
          client.put(id, { properties: kind.toProperties(draft) }, read === undefined ? { ifNoneMatch: '*' } : etag === undefined || etag === '' ? {} : { ifMatch: etag }),
      },
      () => {
        close()
        done(id)
      },
    )
  const upload = async (chosen: File) => {
    setFile(chosen)
    const content = kind.content === 'bytes' ? await readBase64(chosen) : await readText(chosen)
    setDraft((d) => ({
      ...d,
      content,
      name: d.name === '' ? nameFrom(chosen.name) : d.name,
      fields: kind.segment === 'maps' && chosen.name.endsWith('.liquid') ? { ...d.fields, mapType: 'Liquid' } : d.fields,
    }))
  }
  const contentProblem = problems.fields.content ?? (draft.content === '' ? undefined : own.content)
  return (
    <FormDrawer
      open
      close={close}
      title={read === undefined ? `Add ${kind.noun}` : `Edit ${read.name}`}
      save={submit}
      saveLabel={read === undefined ? 'Add' : 'Save'}
      saveDisabled={Object.keys(own).length > 0}
      problems={problems.rest}
      size="large"
    >
      <Field label="Name" required validationMessage={problems.fields.name ?? (draft.name === '' ? undefined : own.name)}>
        <Input value={draft.name} onChange={(_, data) => setDraft({ ...draft, name: data.value })} disabled={read !== undefined} autoComplete="off" spellCheck={false} />
      </Field>
      {kind.fields.map((f) => (
        <SpecField
          key={f.key}
          spec={f}
          value={draft.fields[f.key] ?? ''}
          change={(value) => setDraft({ ...draft, fields: { ...draft.fields, [f.key]: value } })}
          problem={problems.fields[f.key]}
        />
      ))}
      <Upload kind={kind} file={file} choose={(f) => void upload(f)} />
      {kind.form !== undefined && <PropertyForm account={account} form={kind.form} text={draft.content} change={(content) => setDraft((d) => ({ ...d, content }))} />}
      {kind.content === 'bytes' ? (
        contentProblem !== undefined && <Field validationMessage={contentProblem} />
      ) : (
        <Field label={kind.content === 'properties' ? 'Properties' : 'Content'} required validationMessage={contentProblem}>
          <TextEditor
            label={`Content of the ${kind.noun}`}
            text={draft.content}
            language={kind.language(draft.fields)}
            change={(content) => setDraft((d) => ({ ...d, content }))}
            height={kind.form === undefined ? '380px' : '260px'}
          />
        </Field>
      )}
    </FormDrawer>
  )
}

function Upload({ kind, file, choose }: { kind: Kind; file: File | undefined; choose: (file: File) => void }) {
  const styles = useStyles()
  const input = useRef<HTMLInputElement>(null)
  const chosen = (e: ChangeEvent<HTMLInputElement>) => {
    const [first] = e.target.files ?? []
    if (first !== undefined) choose(first)
    e.target.value = ''
  }
  return (
    <div className={styles.upload}>
      <Button icon={<ArrowUploadRegular />} onClick={() => input.current?.click()}>
        Choose file
      </Button>
      <input ref={input} type="file" accept={kind.accept} className={styles.hidden} onChange={chosen} aria-label={`File of the ${kind.noun}`} />
      <Text className={styles.muted}>
        {file === undefined ? `A file (${kind.accept.replaceAll(',', ', ')})${kind.content === 'bytes' ? '' : ', or type it below'}` : `${file.name}, ${sizeText(file.size)}`}
      </Text>
    </div>
  )
}

function SpecField({ spec, value, change, problem }: { spec: FieldSpec; value: string; change: (value: string) => void; problem: string | undefined }) {
  return (
    <Field label={spec.label} required={spec.required ?? false} validationMessage={problem}>
      {spec.choices === undefined ? (
        <Input value={value} onChange={(_, data) => change(data.value)} placeholder={spec.placeholder ?? ''} autoComplete="off" spellCheck={false} />
      ) : (
        <Dropdown value={value} selectedOptions={[value]} onOptionSelect={(_, data) => change(data.optionValue ?? value)}>
          {spec.choices.map((c) => (
            <Option key={c}>{c}</Option>
          ))}
        </Dropdown>
      )}
    </Field>
  )
}
