package network

import (
	"net/netip"
	"strings"

	"isle/netpol"
)

// serviceTagNames are the names that stand for sets of prefixes (network.md §A4 and
// the public tag list). They compare ignoring case and may carry a region:
// "Storage.WestUS".
const serviceTagNames = `ActionGroup ApiManagement AppConfiguration AppService AppServiceManagement
	ApplicationInsightsAvailability AzureActiveDirectory AzureActiveDirectoryDomainServices AzureAdvancedThreatProtection
	AzureArcInfrastructure AzureAttestation AzureBackup AzureBotService AzureCloud AzureCognitiveSearch AzureConnectors
	AzureContainerRegistry AzureCosmosDB AzureDatabricks AzureDataExplorerManagement AzureDataLake AzureDevOps
	AzureDevSpaces AzureDeviceUpdate AzureDigitalTwins AzureEventGrid AzureFrontDoor AzureInformationProtection
	AzureIoTHub AzureKeyVault AzureLoadBalancer AzureMachineLearning AzureMonitor AzureOpenDatasets AzurePlatformDNS
	AzurePlatformIMDS AzurePlatformLKM AzureResourceManager AzureSignalR AzureSiteRecovery AzureSphere AzureStack
	AzureTrafficManager AzureUpdateDelivery BatchNodeManagement CognitiveServicesManagement DataFactory
	DataFactoryManagement Dynamics365ForMarketingEmail ElasticAFD EventHub GatewayManager GuestAndHybridManagement
	HDInsight Internet LogicApps LogicAppsManagement MicrosoftCloudAppSecurity MicrosoftContainerRegistry PowerBI
	PowerPlatformInfra PowerQueryOnline ServiceBus ServiceFabric Sql SqlManagement Storage StorageSyncService
	VirtualNetwork WindowsAdminCenter WindowsVirtualDesktop`

// tagNames are the service tags that rules and routes may name, in lower case.
type tagNames map[string]struct{}

// knownTags are the built-in names and those of a tag file.
func knownTags(file netpol.TagFile) tagNames {
	set := tagNames{}
	for _, name := range strings.Fields(serviceTagNames) {
		set[strings.ToLower(name)] = struct{}{}
	}
	for _, t := range file.Tags {
		set[strings.ToLower(t.Name)] = struct{}{}
	}
	return set
}

// has tells whether text names a service tag, with or without a region.
func (t tagNames) has(text string) bool {
	text = strings.ToLower(text)
	if _, known := t[text]; known {
		return true
	}
	name, region, regional := strings.Cut(text, ".")
	_, known := t[name]
	return known && regional && isWord(region)
}

func isWord(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// addressKind is what the text of an address member is.
type addressKind uint8

const (
	addressBad addressKind = iota
	addressAny             // "*"
	addressRange
	addressTag
)

// classify tells what an address text of a rule is. A bare address means itself
// alone; a range with host bits is refused (§A3).
func (t tagNames) classify(text string) addressKind {
	if text == "*" {
		return addressAny
	}
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" && !addr.Is4In6() {
		return addressRange
	}
	if strings.Contains(text, "/") {
		if _, problem := ParsePrefix(text); problem == nil {
			return addressRange
		}
		return addressBad
	}
	if t.has(text) {
		return addressTag
	}
	return addressBad
}
