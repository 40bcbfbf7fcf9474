package logic

import (
	"strings"

	"isle/netpol"
)

// role is what plays, here, the part of what a row of the required access reaches.
type role struct {
	name      string // in words
	probe     string // of Config.Probes; "" if nothing can be tried
	inProcess bool
}

// The roles by their rows (ise.md §A13). The services that an environment has in a cloud
// are parts of this process.
var (
	roleDatabase   = role{"environment database", "database", true}
	roleContents   = role{"content files of the environment", "contents", true}
	roleIssuer     = role{"token issuer", "issuer", true}
	roleConnectors = role{"connector host", "connectors", true}
	roleTelemetry  = role{"log and metrics of this server", "telemetry", true}
	roleCache      = role{"cache of the environment", "cache", true}
	roleAccess     = role{"access endpoint", "accessEndpoint", true}
	roleDNS        = role{"name servers of the virtual network", "dns", false}
	roleControl    = role{"resource manager", "controlPlane", true}
	roleParts      = role{"components of the environment", "", true}
	roleCalled     = role{"what workflows call", "", false}
	roleServers    = role{"servers of connections", "", false}
)

// roleOf is who plays the part of a row; the zero role if nobody does.
func roleOf(row string) role {
	switch row {
	case "O8":
		return roleDatabase
	case "O5":
		return roleContents
	case "O4":
		return roleIssuer
	case "O6", "I6", "I9", "I10", "I13":
		return roleConnectors
	case "O7", "O9", "O10":
		return roleTelemetry
	case "I11", "O11":
		return roleCache
	case "I2", "I3":
		return roleAccess
	case "O12", nameResolution:
		return roleDNS
	case "I4", "I5", "I7", "I8":
		return roleControl
	case "I1", "O1":
		return roleParts
	case "O2":
		return roleCalled
	}
	if strings.HasPrefix(row, connectorRow) {
		return roleServers
	}
	return role{}
}

// endpoint is the role as the name of an endpoint; authority is the host of the token
// issuer, the one role that has a name of its own.
func (r role) endpoint(authority string) string {
	switch {
	case r.probe == roleIssuer.probe && authority != "":
		return authority
	case r.inProcess:
		return r.name + " (in process)"
	}
	return r.name
}

// consequences say what follows when a row is closed (ise.md §A13).
var consequences = map[netpol.Consequence]string{
	netpol.Degrades:         "The environment does not work correctly.",
	netpol.RefusesTriggers:  "Request and webhook triggers cannot be called.",
	netpol.HidesRunContents: "Inputs and outputs in the run history cannot be read.",
	netpol.FailsDeployment:  "Deployments into the environment fail, and its connectors cannot be updated.",
	netpol.HealthUnknown:    "Network health cannot be told.",
}

// dependencyTitles are the categories of network health (ise.md #73) in words.
var dependencyTitles = map[string]string{
	"AccessEndpoints":                         "Access Endpoints",
	"AzureActiveDirectory":                    "Azure Active Directory",
	"AzureManagement":                         "Azure Management",
	"AzureStorage":                            "Azure Storage",
	"DiagnosticLogsAndMetrics":                "Diagnostic Logs And Metrics",
	"IntegrationServiceEnvironmentConnectors": "Integration Service Environment Connectors",
	"NotSpecified":                            "Not Specified",
	"RecoveryService":                         "Recovery Service",
	"RedisCache":                              "Redis Cache",
	"RegionalService":                         "Regional Service",
	"SQL":                                     "SQL",
	"SSLCertificateVerification":              "SSL Certificate Verification",
}
