// The kinds of artifacts of an integration account: what is typed, chosen or uploaded of
// each, and how that is the properties of the API.

import { completed } from './agreement'
import type { ApiProperties, Draft, Kind } from './kind'

const xml = 'application/xml'

/** kinds are all of them, in the order of the account's menu. */
export function kinds(): Kind[] {
  return [schemas(), maps(), partners(), agreements(), certificates(), assemblies(), batches(), sessions()]
}

export function kindOf(segment: string): Kind | undefined {
  return kinds().find((k) => k.segment.toLowerCase() === segment.toLowerCase())
}

function schemas(): Kind {
  return {
    segment: 'schemas',
    title: 'Schemas',
    noun: 'schema',
    text: 'XML schemas (.xsd) validate what workflows take in, and name the documents of agreements.',
    content: 'text',
    extension: () => '.xsd',
    accept: '.xsd,.xml',
    language: () => 'xml',
    fields: [],
    columns: [
      { title: 'Target namespace', member: 'targetNamespace' },
      { title: 'Document', member: 'documentName' },
    ],
    toProperties: (d) => ({ schemaType: 'Xml', contentType: xml, content: d.content }),
  }
}

function maps(): Kind {
  const liquid = (type: unknown) => type === 'Liquid'
  return {
    segment: 'maps',
    title: 'Maps',
    noun: 'map',
    text: 'Maps (XSLT or Liquid) turn one document into another.',
    content: 'text',
    extension: (p) => (liquid(p.mapType) ? '.liquid' : '.xslt'),
    accept: '.xsl,.xslt,.liquid,.xml,.txt',
    language: (p) => (liquid(p.mapType) ? 'liquid' : 'xml'),
    fields: [{ key: 'mapType', label: 'Type', choices: ['Xslt', 'Xslt20', 'Xslt30', 'Liquid'], usual: 'Xslt' }],
    columns: [{ title: 'Type', member: 'mapType' }],
    toProperties: (d) => ({ mapType: d.fields.mapType, contentType: liquid(d.fields.mapType) ? 'text/plain' : xml, content: d.content }),
  }
}

function partners(): Kind {
  const usual = { partnerType: 'B2B', content: { b2b: { businessIdentities: [{ qualifier: 'ZZ', value: '' }] } } }
  return {
    segment: 'partners',
    title: 'Partners',
    noun: 'partner',
    text: 'Partners exchange documents; each has the identities by which messages name it.',
    content: 'properties',
    extension: () => '.json',
    accept: '.json',
    language: () => 'json',
    fields: [],
    columns: [{ title: 'Type', member: 'partnerType' }],
    form: {
      fields: [{ label: 'Type', path: ['partnerType'], type: 'text', choices: ['B2B'] }],
      rows: {
        label: 'identity',
        path: ['content', 'b2b', 'businessIdentities'],
        members: [
          { key: 'qualifier', label: 'Qualifier' },
          { key: 'value', label: 'Value' },
        ],
        fresh: { qualifier: 'ZZ', value: '' },
      },
    },
    usual: pretty(usual),
    toProperties: (d) => parsed(d.content),
  }
}

function agreements(): Kind {
  const usual = {
    agreementType: 'X12',
    hostPartner: '',
    guestPartner: '',
    hostIdentity: { qualifier: 'ZZ', value: '' },
    guestIdentity: { qualifier: 'ZZ', value: '' },
    content: { x12: {} },
  }
  return {
    segment: 'agreements',
    title: 'Agreements',
    noun: 'agreement',
    text: 'An agreement says how two partners exchange documents: by AS2, X12 or EDIFACT.',
    content: 'properties',
    extension: () => '.json',
    accept: '.json',
    language: () => 'json',
    fields: [],
    columns: [
      { title: 'Type', member: 'agreementType' },
      { title: 'Host', member: 'hostPartner' },
      { title: 'Guest', member: 'guestPartner' },
    ],
    form: {
      fields: [
        { label: 'Type', path: ['agreementType'], type: 'text', choices: ['AS2', 'X12', 'Edifact'], wide: true, hint: 'A direction that the content leaves out gets the usual settings, which can be changed later.' },
        { label: 'Host partner', path: ['hostPartner'], type: 'text', partner: true },
        { label: 'Host qualifier', path: ['hostIdentity', 'qualifier'], type: 'text' },
        { label: 'Host identity', path: ['hostIdentity', 'value'], type: 'text' },
        { label: 'Guest partner', path: ['guestPartner'], type: 'text', partner: true },
        { label: 'Guest qualifier', path: ['guestIdentity', 'qualifier'], type: 'text' },
        { label: 'Guest identity', path: ['guestIdentity', 'value'], type: 'text' },
      ],
    },
    usual: pretty(usual),
    toProperties: (d) => completed(parsed(d.content)),
  }
}

function certificates(): Kind {
  return {
    segment: 'certificates',
    title: 'Certificates',
    noun: 'certificate',
    text: 'Certificates of partners (.cer); private keys stay in a key vault and are only named.',
    content: 'bytes',
    extension: () => '.cer',
    accept: '.cer,.crt,.pem',
    language: () => 'json',
    fields: [],
    columns: [],
    contentMember: 'publicCertificate',
    toProperties: (d) => ({ publicCertificate: d.content }),
  }
}

function assemblies(): Kind {
  return {
    segment: 'assemblies',
    title: 'Assemblies',
    noun: 'assembly',
    text: 'Assemblies (.dll) that maps call.',
    content: 'bytes',
    extension: () => '.dll',
    accept: '.dll',
    language: () => 'json',
    fields: [
      { key: 'assemblyName', label: 'Assembly name', required: true },
      { key: 'assemblyVersion', label: 'Version', placeholder: '1.0.0.0' },
      { key: 'assemblyCulture', label: 'Culture', placeholder: 'neutral' },
      { key: 'assemblyPublicKeyToken', label: 'Public key token' },
    ],
    columns: [
      { title: 'Assembly', member: 'assemblyName' },
      { title: 'Version', member: 'assemblyVersion' },
    ],
    toProperties: (d) => ({ ...given(d), contentType: 'application/octet-stream', content: d.content }),
  }
}

function batches(): Kind {
  const usual = { batchGroupName: 'DEFAULT', releaseCriteria: { messageCount: 10 } }
  return {
    segment: 'batchConfigurations',
    title: 'Batch configurations',
    noun: 'batch configuration',
    text: 'A batch configuration says when a Batch trigger releases the messages that it has gathered: by their number, their size, or by a schedule.',
    content: 'properties',
    extension: () => '.json',
    accept: '.json',
    language: () => 'json',
    fields: [],
    columns: [{ title: 'Group', member: 'batchGroupName' }],
    form: {
      fields: [
        { label: 'Group', path: ['batchGroupName'], type: 'text' },
        { label: 'Messages', path: ['releaseCriteria', 'messageCount'], type: 'number', hint: 'Released when so many have been gathered' },
        { label: 'Bytes', path: ['releaseCriteria', 'batchSize'], type: 'number', hint: 'Released when they are so large' },
        { label: 'Every', path: ['releaseCriteria', 'recurrence', 'interval'], type: 'number', hint: 'Released by a schedule' },
        { label: 'Of', path: ['releaseCriteria', 'recurrence', 'frequency'], type: 'text', choices: ['Second', 'Minute', 'Hour', 'Day', 'Week', 'Month'] },
      ],
    },
    usual: pretty(usual),
    toProperties: (d) => parsed(d.content),
  }
}

function sessions(): Kind {
  return {
    segment: 'sessions',
    title: 'Sessions',
    noun: 'session',
    text: 'What an agreement remembers, such as its control numbers.',
    content: 'properties',
    extension: () => '.json',
    accept: '.json',
    language: () => 'json',
    fields: [],
    columns: [],
    usual: pretty({ content: {} }),
    toProperties: (d) => parsed(d.content),
  }
}

/** given are the fields that somebody has filled in. */
function given(d: Draft): ApiProperties {
  return Object.fromEntries(Object.entries(d.fields).filter(([, value]) => value !== ''))
}

function pretty(value: object): string {
  return JSON.stringify(value, null, 2)
}

/** parsed reads a JSON text, which has been checked before. */
function parsed(text: string): ApiProperties {
  return JSON.parse(text) as ApiProperties
}
