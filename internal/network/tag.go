package network

import (
	"net/netip"
	"strings"
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

var serviceTags = tagSet(serviceTagNames)

func tagSet(names string) map[string]struct{} {
	set := map[string]struct{}{}
	for _, name := range strings.Fields(strings.ToLower(names)) {
		set[name] = struct{}{}
	}
	return set
}

// IsServiceTag tells whether text names a service tag, with or without a region.
func IsServiceTag(text string) bool {
	name, region, regional := strings.Cut(strings.ToLower(text), ".")
	if _, known := serviceTags[name]; !known {
		return false
	}
	return !regional || isWord(region)
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
func classify(text string) addressKind {
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
	if IsServiceTag(text) {
		return addressTag
	}
	return addressBad
}
