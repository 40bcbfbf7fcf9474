import { Fragment } from 'react'

/** Breakable is a text whose long words break where their parts begin: "AllowVnetInBound", "securityRules/NoDatabases". */
export function Breakable({ text }: { text: string }) {
  return text.split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[/._-])(?=\w)/).map((part, i) => (
    <Fragment key={i}>
      {i > 0 && <wbr />}
      {part}
    </Fragment>
  ))
}
