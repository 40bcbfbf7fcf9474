package netpol

import (
	"fmt"
	"slices"
	"strings"
)

// Endpoint is the access endpoint of an environment.
type Endpoint uint8

const (
	InternalEndpoint Endpoint = iota
	ExternalEndpoint
)

// Version is an edition of the documents that tell what an environment needs, by
// the letters of the reference (ise.md §A13).
type Version byte

const (
	Version2019Preview Version = 'p' // 2019-02
	Version2019        Version = 'a' // 2019-11, "Set up access …"
	Version2020        Version = 'b' // early 2020, "Connect to Azure virtual networks …"
	Version2020DNS     Version = 'c' // 2020-09
	Version2021        Version = 'd' // 2021-04
	Version2023        Version = 'e' // 2023-09
)

// editions are the versions and their names, oldest first.
var editions = []struct {
	version Version
	name    string
}{{Version2019Preview, "2019-02"}, {Version2019, "2019-11"}, {Version2020, "2020"}, {Version2020DNS, "2020-09"}, {Version2021, "2021-04"}, {Version2023, "2023-09"}}

// Versions lists the editions, oldest first.
func Versions() []Version {
	list := make([]Version, len(editions))
	for i, e := range editions {
		list[i] = e.version
	}
	return list
}

// String is the edition's name: the date of its document.
func (v Version) String() string {
	for _, e := range editions {
		if e.version == v {
			return e.name
		}
	}
	return "unknown"
}

// ParseVersion reads the name of an edition, or its letter.
func ParseVersion(text string) (Version, error) {
	var names []string
	for _, e := range editions {
		if text == e.name || text == string(rune(e.version)) {
			return e.version, nil
		}
		names = append(names, e.name)
	}
	return 0, fmt.Errorf("edition %q is none of %s", text, strings.Join(names, ", "))
}

// Party is one side of what an environment needs: a service tag, or one of the
// parties that an environment has itself.
type Party string

const (
	PartyVnet       Party = "VirtualNetwork"
	PartySpace      Party = "address space" // of the virtual network
	PartyInternet   Party = "Internet"
	PartyAny        Party = "VirtualNetwork and Internet" // wherever the other side may be
	PartyConnectors Party = "connector outgoing IP addresses"
	PartyDNS        Party = "DNS servers"
	PartyPlatform   Party = "App Service Environment dependencies" // a list of names, which addresses cannot tell
)

// Consequence is what follows when a required access is closed.
type Consequence uint8

const (
	Degrades         Consequence = iota // it does not work correctly
	RefusesTriggers                     // request and webhook triggers cannot be called
	HidesRunContents                    // inputs and outputs in the run history cannot be read
	FailsDeployment                     // deployment fails, connectors cannot be updated
	HealthUnknown                       // network health cannot be told
)

// Requirement is a row of the tables of required access. Source ports are any,
// protocols TCP and UDP.
type Requirement struct {
	ID          string // of ise.md §A13, such as "I6"
	Purpose     string
	Direction   Direction
	Source      Party
	Destination Party
	Ports       []PortRange // of the destination; none means all
	Category    string      // of network health
	Consequence Consequence
}

// requirement is a row with the editions and the endpoint it belongs to.
type requirement struct {
	versions string
	endpoint string // "" both, "Internal" or "External"
	Requirement
}

// Requirements lists what an edition says an environment needs, inbound first.
func Requirements(v Version, e Endpoint) []Requirement {
	name := [...]string{"Internal", "External"}[e]
	var list []Requirement
	for _, r := range requirements() {
		if strings.IndexByte(r.versions, byte(v)) >= 0 && (r.endpoint == "" || r.endpoint == name) {
			list = append(list, r.Requirement)
		}
	}
	return list
}

// requiredTags are the service tags that the rows name.
func requiredTags() []string {
	var names []string
	for _, r := range requirements() {
		for _, p := range []Party{r.Source, r.Destination} {
			if isTagName(string(p)) {
				names = append(names, string(p))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func single(list ...uint16) []PortRange {
	ranges := make([]PortRange, len(list))
	for i, p := range list {
		ranges[i] = PortRange{p, p}
	}
	return ranges
}

// requirements is the table of ise.md §A13; rows that differ between editions
// stand once for each form.
func requirements() []requirement {
	return slices.Concat(inboundRequirements(), outboundRequirements())
}

// redisPorts are those between the instances of the cache.
var redisPorts = []PortRange{{6379, 6383}}

func inboundRequirements() []requirement {
	row := func(versions, endpoint, id, purpose string, source, destination Party, ports []PortRange, category string, c Consequence) requirement {
		return requirement{versions, endpoint, Requirement{id, purpose, Inbound, source, destination, ports, category, c}}
	}
	const (
		calls    = "Communication to your logic app"
		history  = "Runs history for logic app"
		designer = "Logic Apps designer - dynamic properties"
		deploy   = "Connector deployment"
		probes   = "Communication from Azure Traffic Manager"
		policy   = "Connector policy deployment"
		balancer = "Azure Load Balancer"
		subnets  = "Intersubnet communication within virtual network"
	)
	return []requirement{
		row("a", "", "I1", subnets, PartyVnet, PartyVnet, single(80, 443), "RegionalService", Degrades),
		row("bcde", "", "I1", subnets, PartySpace, PartySpace, nil, "RegionalService", Degrades),
		row("p", "", "I2", calls, PartyInternet, PartyVnet, single(443), "AccessEndpoints", RefusesTriggers),
		row("abcde", "Internal", "I2", calls, PartyVnet, PartyVnet, single(443), "AccessEndpoints", RefusesTriggers),
		row("abcde", "External", "I2", calls, PartyInternet, PartyVnet, single(443), "AccessEndpoints", RefusesTriggers),
		row("p", "", "I3", history, PartyInternet, PartyVnet, single(443), "AccessEndpoints", HidesRunContents),
		row("abcde", "Internal", "I3", history, PartyVnet, PartyVnet, single(443), "AccessEndpoints", HidesRunContents),
		row("abcde", "External", "I3", history, PartyInternet, PartyVnet, single(443), "AccessEndpoints", HidesRunContents),
		row("pa", "", "I4", designer, PartyInternet, PartyVnet, single(454), "AzureManagement", Degrades),
		row("bcde", "", "I4", designer, "LogicAppsManagement", PartyVnet, single(454), "AzureManagement", Degrades),
		row("bcde", "", "I5", "Network health check", "LogicApps", PartyVnet, single(454), "RegionalService", HealthUnknown),
		row("p", "", "I6", deploy, PartyInternet, PartyVnet, single(454, 3443), "IntegrationServiceEnvironmentConnectors", FailsDeployment),
		row("abcde", "", "I6", deploy, "AzureConnectors", PartyVnet, single(454), "IntegrationServiceEnvironmentConnectors", FailsDeployment),
		row("pabcde", "", "I7", "App Service Management dependency", "AppServiceManagement", PartyVnet, single(454, 455), "AzureManagement", Degrades),
		row("a", "", "I8", probes, "AzureTrafficManager", PartyVnet, single(443), "RegionalService", Degrades),
		row("bcde", "Internal", "I8", probes, "AzureTrafficManager", PartyVnet, single(454), "RegionalService", Degrades),
		row("bcde", "External", "I8", probes, "AzureTrafficManager", PartyVnet, single(443), "RegionalService", Degrades),
		row("a", "", "I9", policy, "AppService", PartyVnet, single(3443), "IntegrationServiceEnvironmentConnectors", FailsDeployment),
		row("bcde", "", "I9", policy, "APIManagement", PartyVnet, single(3443), "IntegrationServiceEnvironmentConnectors", FailsDeployment),
		row("pabcde", "", "I10", "API Management - management endpoint", "APIManagement", PartyVnet, single(3443), "AzureManagement", FailsDeployment),
		row("pabcde", "", "I11", "Access Azure Cache for Redis Instances between Role Instances", PartyVnet, PartyVnet, redisPorts, "RedisCache", Degrades),
		row("p", "", "I12", balancer, "AzureLoadBalancer", PartyVnet, single(8500), "RegionalService", Degrades),
		row("a", "", "I12", balancer, "AzureLoadBalancer", PartyVnet, nil, "RegionalService", Degrades),
		row("de", "External", "I13", "Managed connectors' outgoing addresses", PartyConnectors, PartySpace, nil, "IntegrationServiceEnvironmentConnectors", Degrades),
	}
}

func outboundRequirements() []requirement {
	row := func(versions, id, purpose string, destination Party, ports []PortRange, category string) requirement {
		return requirement{versions, "", Requirement{id, purpose, Outbound, PartyVnet, destination, ports, category, Degrades}}
	}
	const (
		subnets = "Intersubnet communication within virtual network"
		storage = "Azure Storage dependency"
		manage  = "Connection management"
	)
	web := single(80, 443)
	between := row("bcde", "O1", subnets, PartySpace, nil, "RegionalService")
	between.Source = PartySpace
	return []requirement{
		row("a", "O1", subnets, PartyVnet, web, "RegionalService"),
		between,
		row("pabcde", "O2", "Communication from your logic app", PartyInternet, web, "NotSpecified"),
		row("e", "O3", "TLS certificate verification", PartyInternet, web, "SSLCertificateVerification"),
		row("pabcde", "O4", "Azure Active Directory", "AzureActiveDirectory", web, "AzureActiveDirectory"),
		row("pa", "O5", storage, "Storage", web, "AzureStorage"),
		row("bcde", "O5", storage, "Storage", single(80, 443, 445), "AzureStorage"),
		row("p", "O6", manage, PartyInternet, single(443), "IntegrationServiceEnvironmentConnectors"),
		row("abcde", "O6", manage, "AppService", single(443), "IntegrationServiceEnvironmentConnectors"),
		row("pabcde", "O7", "Publish diagnostic logs & metrics", "AzureMonitor", single(443), "DiagnosticLogsAndMetrics"),
		row("abcde", "O8", "Azure SQL dependency", "SQL", single(1433), "SQL"),
		row("abcde", "O9", "Azure Resource Health", "AzureMonitor", single(1886), "RecoveryService"),
		row("pabcde", "O10", "Dependency from Log to Event Hub policy and monitoring agent", "EventHub", single(5672), "DiagnosticLogsAndMetrics"),
		row("pabcde", "O11", "Access Azure Cache for Redis Instances between Role Instances", PartyVnet, redisPorts, "RedisCache"),
		row("cde", "O12", "Name resolution", PartyDNS, single(53), "RegionalService"),
		row("cde", "O13", "App Service Environment platform", PartyPlatform, nil, "AzureManagement"),
	}
}
