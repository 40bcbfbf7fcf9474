// What an agreement has that leaves its settings out: the usual ones, with the identities of
// its partners (logic-api §2.7). What is there stays as it is.

import type { ApiProperties } from './kind'

const off = (...names: string[]) => Object.fromEntries(names.map((n) => [n, false]))
const connection = off('ignoreCertificateNameMismatch', 'keepHttpConnectionAlive', 'supportHttpStatusCodeContinue', 'unfoldHttpHeaders')

const as2 = {
  acknowledgementConnectionSettings: connection,
  envelopeSettings: {
    ...off('autogenerateFileName', 'suspendMessageOnFileNameGenerationError', 'transmitFileNameInMimeHeader'),
    fileNameTemplate: '%FILE().ReceivedFileName%',
    messageContentType: 'text/plain',
  },
  errorSettings: off('resendIfMDNNotReceived', 'suspendDuplicateMessage'),
  mdnSettings: { ...off('needMDN', 'sendInboundMDNToMessageBox', 'sendMDNAsynchronously', 'signMDN', 'signOutboundMDNIfOptional'), micHashingAlgorithm: 'SHA2256' },
  messageConnectionSettings: connection,
  securitySettings: off(
    'enableNRRForInboundDecodedMessages',
    'enableNRRForInboundEncodedMessages',
    'enableNRRForInboundMDN',
    'enableNRRForOutboundDecodedMessages',
    'enableNRRForOutboundEncodedMessages',
    'enableNRRForOutboundMDN',
    'overrideGroupSigningCertificate',
  ),
  validationSettings: {
    ...off('checkCertificateRevocationListOnReceive', 'checkCertificateRevocationListOnSend', 'checkDuplicateMessage', 'compressMessage', 'encryptMessage', 'overrideMessageProperties', 'signMessage'),
    encryptionAlgorithm: 'AES256',
    interchangeDuplicatesValidityDays: 5,
    signingAlgorithm: 'Default',
  },
}

/** What X12 and EDIFACT have in common. */
const edi = {
  acknowledgementSettings: {
    acknowledgementControlNumberLowerBound: 1,
    acknowledgementControlNumberUpperBound: 999999999,
    ...off('batchFunctionalAcknowledgements', 'batchTechnicalAcknowledgements', 'needFunctionalAcknowledgement', 'needLoopForValidMessages', 'needTechnicalAcknowledgement'),
    rolloverAcknowledgementControlNumber: true,
    sendSynchronousAcknowledgement: true,
  },
  envelopeSettings: {
    enableDefaultGroupHeaders: true,
    groupControlNumberLowerBound: 1,
    groupControlNumberUpperBound: 999999999,
    interchangeControlNumberLowerBound: 1,
    interchangeControlNumberUpperBound: 999999999,
    overwriteExistingTransactionSetControlNumber: true,
    rolloverGroupControlNumber: true,
    rolloverInterchangeControlNumber: true,
    rolloverTransactionSetControlNumber: true,
    transactionSetControlNumberLowerBound: 1,
    transactionSetControlNumberUpperBound: 999999999,
  },
  messageFilter: { messageFilterType: 'Exclude' },
  processingSettings: { ...off('createEmptyXmlTagsForTrailingSeparators', 'maskSecurityInfo', 'preserveInterchange', 'suspendInterchangeOnError'), useDotAsDecimalSeparator: true },
  schemaReferences: [],
  validationSettings: {
    ...off('allowLeadingAndTrailingSpacesAndZeroes', 'checkDuplicateGroupControlNumber', 'checkDuplicateInterchangeControlNumber', 'checkDuplicateTransactionSetControlNumber', 'trimLeadingAndTrailingSpacesAndZeroes', 'validateXSDTypes'),
    interchangeControlNumberValidityDays: 30,
    trailingSeparatorPolicy: 'NotAllowed',
    validateCharacterSet: true,
    validateEDITypes: true,
  },
}

const x12 = {
  ...edi,
  acknowledgementSettings: { ...edi.acknowledgementSettings, ...off('batchImplementationAcknowledgements', 'needImplementationAcknowledgement') },
  envelopeSettings: {
    ...edi.envelopeSettings,
    controlStandardsId: 85, // U
    controlVersionNumber: '00401',
    groupHeaderAgencyCode: 'T',
    groupHeaderDateFormat: 'CCYYMMDD',
    groupHeaderTimeFormat: 'HHMM',
    groupHeaderVersion: '00401',
    receiverApplicationId: 'RECEIVE-APP',
    senderApplicationId: 'BTS-SENDER',
    usageIndicator: 'Test',
    useControlStandardsIdAsRepetitionCharacter: false,
  },
  framingSettings: { characterSet: 'UTF8', componentSeparator: 58, dataElementSeparator: 42, replaceCharacter: 36, replaceSeparatorsInPayload: false, segmentTerminator: 126, segmentTerminatorSuffix: 'None' },
  processingSettings: { ...edi.processingSettings, convertImpliedDecimal: true },
  securitySettings: { authorizationQualifier: '00', securityQualifier: '00' },
}

const edifact = {
  ...edi,
  envelopeSettings: { ...edi.envelopeSettings, ...off('applyDelimiterStringAdvice', 'createGroupingSegments', 'isTestInterchange') },
  framingSettings: {
    characterSet: 'UNOC',
    componentSeparator: 58,
    dataElementSeparator: 43,
    decimalPointIndicator: 'Comma',
    protocolVersion: 4,
    releaseIndicator: 63,
    repetitionSeparator: 42,
    segmentTerminator: 39,
    segmentTerminatorSuffix: 'None',
  },
}

const usual: Record<string, { member: string; protocolSettings: object }> = {
  as2: { member: 'aS2', protocolSettings: as2 },
  x12: { member: 'x12', protocolSettings: x12 },
  edifact: { member: 'edifact', protocolSettings: edifact },
}

/** completed is an agreement whose content has both directions: the guest is the sender of what is received, the host of what is sent. */
export function completed(agreement: ApiProperties): ApiProperties {
  const type = usual[String(agreement.agreementType).toLowerCase()]
  const content = agreement.content
  if (type === undefined || typeof content !== 'object' || content === null) return agreement
  const given = Object.entries(content).find(([name]) => name.toLowerCase() === type.member.toLowerCase())
  const [member, settings] = given ?? [type.member, {}]
  const { hostIdentity: host, guestIdentity: guest } = agreement
  const { protocolSettings } = type
  const both = {
    receiveAgreement: { protocolSettings, senderBusinessIdentity: guest, receiverBusinessIdentity: host },
    sendAgreement: { protocolSettings, senderBusinessIdentity: host, receiverBusinessIdentity: guest },
  }
  return { ...agreement, content: { ...content, [member]: { ...both, ...(settings as object) } } }
}
