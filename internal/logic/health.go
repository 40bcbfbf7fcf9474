package logic

import "isle/expr"

// dependency is one thing a component reaches outside its subnet.
type dependency struct {
	category, title string
	ports           []string
	hosts           []string
}

var (
	webPorts = []string{"80", "443"}
	tlsPort  = []string{"443"}
)

// unknown is the state of what was not probed: Isle says so until it evaluates
// the network.
const unknown = "Unknown"

// dependencies are what the four components of an environment need, in the order
// of its subnets (logic-api §3.5): workflows, connectors, management; the fourth,
// the cache, needs nothing.
func dependencies() [subnetCount][]dependency {
	directory := dependency{"AzureActiveDirectory", "Azure Active Directory", webPorts, []string{"graph.windows.net"}}
	certificates := dependency{"SSLCertificateVerification", "SSL Certificate Verification", webPorts, []string{
		"ocsp.msocsp.com", "mscrl.microsoft.com", "crl.microsoft.com", "www.microsoft.com",
		"crl3.digicert.com", "ocsp.digicert.com", "cacerts.digicert.com", "www.thawte.com"}}
	diagnostics := dependency{"DiagnosticLogsAndMetrics", "Diagnostic Logs And Metrics", tlsPort, []string{"az-prod.metrics.nsatc.net"}}
	return [subnetCount][]dependency{
		{
			{"AzureStorage", "Azure Storage", webPorts, []string{"table.core.windows.net", "blob.core.windows.net", "queue.core.windows.net"}},
			directory, certificates, diagnostics,
			{"RedisCache", "Redis Cache", []string{"6380"}, []string{"redis.cache.windows.net"}},
		},
		{
			{"AzureStorage", "Azure Storage", webPorts, []string{"blob.core.windows.net", "queue.core.windows.net", "table.core.windows.net", "file.core.windows.net"}},
			{"SQL", "Azure SQL Database", []string{"1433"}, []string{"database.windows.net"}},
			{"AzureManagement", "Azure Management", tlsPort, []string{"management.core.windows.net", "admin.core.windows.net", "management.azure.com"}},
			directory, certificates,
		},
		{
			{"RecoveryService", "Recovery Service", []string{"1886"}, []string{"prod.warmpath.msftcloudes.com"}},
			{"SQL", "SQL", []string{"1433"}, []string{"database.windows.net"}},
			diagnostics,
			{"AzureStorage", "Azure Storage", tlsPort, []string{"blob.core.windows.net", "queue.core.windows.net", "table.core.windows.net"}},
			{"AzureStorage", "Azure Storage", []string{"445"}, []string{"file.core.windows.net"}},
		},
		nil,
	}
}

// networkHealth is the answer of GET {environment}/health/network: an object
// keyed by the subnets' names.
func networkHealth(subnets []string) expr.Value {
	needs := dependencies()
	members := make([]expr.Member, 0, len(subnets))
	for i, id := range subnets {
		state := []expr.Member{member("networkDependencyHealthState", expr.String(unknown))}
		if i < len(needs) && needs[i] != nil {
			state = append(state,
				member("outboundNetworkHealth", object(member("state", expr.String(unknown)))),
				member("outboundNetworkDependencies", dependencyList(needs[i])))
		}
		members = append(members, member(lastSegment(id), object(state...)))
	}
	return object(members...)
}

func dependencyList(list []dependency) expr.Value {
	values := make([]expr.Value, len(list))
	for i, d := range list {
		endpoints := make([]expr.Value, len(d.hosts))
		for j, host := range d.hosts {
			endpoints[j] = object(
				member("domainName", expr.String(host)),
				member("accessibility", expr.String(unknown)),
				member("ports", texts(d.ports...)))
		}
		values[i] = object(
			member("category", expr.String(d.category)),
			member("displayName", expr.String(d.title)),
			member("endpoints", expr.Array(endpoints...)))
	}
	return expr.Array(values...)
}
