package server

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/internal/arm"
	"isle/internal/deploy"
	"isle/internal/store"
)

// population is one resource of each type, in the order in which they can be made: the
// path below the subscription, and a body that is accepted. GUID is a role assignment's
// name, CERTIFICATE a certificate.
func population() [][2]string {
	const logic, net, web = "providers/Microsoft.Logic/", "providers/Microsoft.Network/", "providers/Microsoft.Web/"
	const guid = "11111111-2222-3333-4444-555555555555"
	const account = logic + "integrationAccounts/acc"
	id := func(path string) string { return `{"id":"$G/` + path + `"}` }
	definition := `{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0",
		"parameters":{"p":{"type":"String","defaultValue":"x"}},"triggers":{"manual":{"type":"Request","kind":"Http","inputs":{"schema":{"type":"object"}}}},
		"actions":{"A":{"type":"Compose","inputs":"@parameters('p')","runAfter":{}},"If":{"type":"If","expression":{"and":[{"equals":["@outputs('A')","x"]}]},"actions":{},"else":{"actions":{}},"runAfter":{"A":["Succeeded"]}}}}`
	template := `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","parameters":{"n":{"type":"string","defaultValue":"rules2"}},"variables":{"v":"[toUpper(parameters('n'))]"},
		"resources":[{"type":"Microsoft.Network/networkSecurityGroups","apiVersion":"2023-09-01","name":"[parameters('n')]","location":"westeurope","properties":{},"copy":{"name":"c","count":1}}],"outputs":{"o":{"type":"string","value":"[variables('v')]"}}}`
	list := [][2]string{
		{net + "applicationSecurityGroups/members", `{"location":"westeurope","properties":{}}`},
		{net + "serviceEndpointPolicies/policy", `{"location":"westeurope","properties":{}}`},
		{net + "serviceEndpointPolicies/policy/serviceEndpointPolicyDefinitions/storage", `{"properties":{"service":"Microsoft.Storage","serviceResources":["$S"]}}`},
		{net + "ipGroups/ranges", `{"location":"westeurope","properties":{"ipAddresses":["10.0.0.0/24","198.51.100.7","203.0.113.4-203.0.113.9"]}}`},
		{net + "firewallPolicies/base", `{"location":"westeurope","properties":{"sku":{"tier":"Standard"},"threatIntelMode":"Alert"}}`},
		{net + "firewallPolicies/policy", `{"location":"westeurope","properties":{"sku":{"tier":"Standard"},"basePolicy":` + id(net+"firewallPolicies/base") + `,"threatIntelMode":"Deny","threatIntelWhitelist":{"ipAddresses":["198.51.100.0/24"],"fqdns":["*.example.com"]},"snat":{"privateRanges":["10.0.0.0/8"]}}}`},
		{net + "firewallPolicies/policy/ruleCollectionGroups/group", `{"properties":{"priority":200,"ruleCollections":[
			{"ruleCollectionType":"FirewallPolicyNatRuleCollection","name":"nat","priority":100,"action":{"type":"DNAT"},"rules":[{"ruleType":"NatRule","name":"in","ipProtocols":["TCP"],"sourceAddresses":["*"],"destinationAddresses":["203.0.113.77"],"destinationPorts":["443"],"translatedAddress":"10.0.1.4","translatedPort":"8443"}]},
			{"ruleCollectionType":"FirewallPolicyFilterRuleCollection","name":"net","priority":200,"action":{"type":"Allow"},"rules":[{"ruleType":"NetworkRule","name":"one","ipProtocols":["TCP","UDP"],"sourceIpGroups":["$G/` + net + `ipGroups/ranges"],"destinationAddresses":["*"],"destinationPorts":["443","1000-2000"]}]},
			{"ruleCollectionType":"FirewallPolicyFilterRuleCollection","name":"app","priority":300,"action":{"type":"Allow"},"rules":[{"ruleType":"ApplicationRule","name":"names","sourceAddresses":["10.0.0.0/16"],"protocols":[{"protocolType":"Https","port":443}],"targetFqdns":["*.example.com"]}]}]}}`},
		{net + "publicIPPrefixes/prefix", `{"location":"westeurope","sku":{"name":"Standard"},"properties":{"prefixLength":30}}`},
		{net + "natGateways/nat", `{"location":"westeurope","sku":{"name":"Standard"},"properties":{"idleTimeoutInMinutes":4,"publicIpPrefixes":[` + id(net+"publicIPPrefixes/prefix") + `]}}`},
		{net + "networkSecurityGroups/rules", `{"location":"westeurope","properties":{"securityRules":[{"name":"in","properties":{"priority":100,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefixes":["10.0.0.0/24","10.0.1.0/24"],"destinationPortRanges":["443","1000-2000"]}}]}}`},
		{net + "networkSecurityGroups/rules/securityRules/out", `{"properties":{"priority":200,"direction":"Outbound","access":"Deny","protocol":"*","sourceAddressPrefix":"VirtualNetwork","sourcePortRange":"*","destinationAddressPrefix":"Internet","destinationPortRange":"25"}}`},
		{net + "routeTables/routes", `{"location":"westeurope","properties":{"routes":[{"name":"all","properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"Internet"}}]}}`},
		{net + "routeTables/routes/routes/none", `{"properties":{"addressPrefix":"192.168.0.0/16","nextHopType":"None"}}`},
		{net + "publicIPAddresses/ip", `{"location":"westeurope","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}`},
		{net + "publicIPAddresses/ip2", `{"location":"westeurope","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}`},
		{net + "virtualNetworks/beside", `{"location":"westeurope","properties":{"addressSpace":{"addressPrefixes":["10.1.0.0/16"]},"dhcpOptions":{"dnsServers":["10.1.0.4"]}}}`},
		{net + "virtualNetworks/net", `{"location":"westeurope","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[{"name":"s1","properties":{"addressPrefix":"10.0.0.0/27","delegations":[{"name":"d","properties":{"serviceName":"Microsoft.Logic/integrationServiceEnvironments"}}]}},{"name":"s2","properties":{"addressPrefix":"10.0.0.32/27"}},
			{"name":"s3","properties":{"addressPrefix":"10.0.0.64/27"}},{"name":"s4","properties":{"addressPrefix":"10.0.0.96/27"}},{"name":"machines","properties":{"addressPrefix":"10.0.1.0/24","networkSecurityGroup":` + id(net+"networkSecurityGroups/rules") + `}},
			{"name":"AzureFirewallSubnet","properties":{"addressPrefix":"10.0.2.0/26"}},{"name":"GatewaySubnet","properties":{"addressPrefix":"10.0.2.64/27"}}]}}`},
		{net + "virtualNetworks/net/subnets/extra", `{"properties":{"addressPrefix":"10.0.3.0/24","routeTable":` + id(net+"routeTables/routes") + `}}`},
		{net + "virtualNetworks/net/virtualNetworkPeerings/peering", `{"properties":{"remoteVirtualNetwork":` + id(net+"virtualNetworks/beside") + `,"allowVirtualNetworkAccess":true,"allowForwardedTraffic":true,"allowGatewayTransit":false,"useRemoteGateways":false}}`},
		{net + "privateDnsZones/corp.test", `{"location":"global","properties":{}}`},
		{net + "privateDnsZones/corp.test/virtualNetworkLinks/link", `{"location":"global","properties":{"virtualNetwork":` + id(net+"virtualNetworks/net") + `,"registrationEnabled":true,"resolutionPolicy":"Default"}}`},
		{net + "privateDnsZones/corp.test/A/www", `{"properties":{"ttl":30,"aRecords":[{"ipv4Address":"10.0.1.4"},{"ipv4Address":"10.0.1.5"}],"metadata":{"a":"b"}}}`},
		{net + "privateDnsZones/corp.test/AAAA/www", `{"properties":{"ttl":30,"aaaaRecords":[{"ipv6Address":"2001:db8::4"}]}}`},
		{net + "privateDnsZones/corp.test/CNAME/alias", `{"properties":{"ttl":30,"cnameRecord":{"cname":"www.corp.test"}}}`},
		{net + "privateDnsZones/corp.test/MX/@", `{"properties":{"ttl":30,"mxRecords":[{"preference":10,"exchange":"mail.corp.test"}]}}`},
		{net + "privateDnsZones/corp.test/PTR/4", `{"properties":{"ttl":30,"ptrRecords":[{"ptrdname":"www.corp.test"}]}}`},
		{net + "privateDnsZones/corp.test/SOA/@", `{"properties":{"ttl":3600,"soaRecord":{"host":"ns.corp.test","email":"host.corp.test","serialNumber":2,"refreshTime":3600,"retryTime":300,"expireTime":2419200,"minimumTtl":10}}}`},
		{net + "privateDnsZones/corp.test/SRV/_sip._tcp", `{"properties":{"ttl":30,"srvRecords":[{"priority":1,"weight":2,"port":5060,"target":"sip.corp.test"}]}}`},
		{net + "privateDnsZones/corp.test/TXT/@", `{"properties":{"ttl":30,"txtRecords":[{"value":["v=spf1","-all"]}]}}`},
		{net + "azureFirewalls/fw", `{"location":"westeurope","properties":{"sku":{"name":"AZFW_VNet","tier":"Standard"},"ipConfigurations":[{"name":"c","properties":{"subnet":` + id(net+"virtualNetworks/net/subnets/AzureFirewallSubnet") + `,"publicIPAddress":` + id(net+"publicIPAddresses/ip") + `}}],
			"networkRuleCollections":[{"name":"r","properties":{"priority":100,"action":{"type":"Allow"},"rules":[{"name":"one","protocols":["TCP"],"sourceAddresses":["10.0.0.0/16"],"destinationAddresses":["*"],"destinationPorts":["443"]}]}}]}}`},
		{net + "virtualNetworkGateways/gw", `{"location":"westeurope","properties":{"gatewayType":"Vpn","vpnType":"RouteBased","sku":{"name":"VpnGw1","tier":"VpnGw1"},"ipConfigurations":[{"name":"c","properties":{"subnet":` + id(net+"virtualNetworks/net/subnets/GatewaySubnet") + `,"publicIPAddress":` + id(net+"publicIPAddresses/ip2") + `}}]}}`},
		{net + "networkInterfaces/nic", `{"location":"westeurope","properties":{"ipConfigurations":[{"name":"c","properties":{"subnet":` + id(net+"virtualNetworks/net/subnets/machines") + `,"privateIPAllocationMethod":"Dynamic"}}]}}`},
		{net + "networkWatchers/watch", `{"location":"westeurope","properties":{}}`},
		{net + "networkWatchers/watch/flowLogs/log", `{"location":"westeurope","properties":{"targetResourceId":"$G/` + net + `networkSecurityGroups/rules","storageId":"$G/providers/Microsoft.Storage/storageAccounts/logs","enabled":false,"retentionPolicy":{"days":3,"enabled":true},"format":{"type":"JSON","version":2}}}`},
		{"providers/Microsoft.ManagedIdentity/userAssignedIdentities/uai", `{"location":"westeurope","tags":{"a":"b"}}`},
		{logic + "integrationServiceEnvironments/ise", `{"location":"westeurope","sku":{"name":"Premium","capacity":1},"properties":{"networkConfiguration":{"accessEndpoint":{"type":"External"},"subnets":[` +
			id(net+"virtualNetworks/net/subnets/s1") + `,` + id(net+"virtualNetworks/net/subnets/s2") + `,` + id(net+"virtualNetworks/net/subnets/s3") + `,` + id(net+"virtualNetworks/net/subnets/s4") + `]}}}`},
		{logic + "integrationServiceEnvironments/ise/managedApis/sql", `{"location":"westeurope","properties":{}}`},
		{"providers/Microsoft.Insights/autoscaleSettings/scale", `{"location":"westeurope","properties":{"enabled":false,"targetResourceUri":"$G/` + logic + `integrationServiceEnvironments/ise","profiles":[{"name":"p","capacity":{"minimum":"1","maximum":"4","default":"1"},"rules":[]}]}}`},
		{account, `{"location":"westeurope","sku":{"name":"Standard"},"properties":{}}`},
		{account + "/schemas/order", `{"properties":{"schemaType":"Xml","contentType":"application/xml","content":"<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:o'><xs:element name='o' type='xs:string'/></xs:schema>"}}`},
		{account + "/maps/sheet", `{"properties":{"mapType":"Xslt","contentType":"application/xml","content":"<xsl:stylesheet xmlns:xsl='http://www.w3.org/1999/XSL/Transform' version='1.0'><xsl:template match='/'><o/></xsl:template></xsl:stylesheet>"}}`},
		{account + "/partners/us", `{"properties":{"partnerType":"B2B","content":{"b2b":{"businessIdentities":[{"qualifier":"AS2Identity","value":"us"}]}}}}`},
		{account + "/agreements/agreed", `{"properties":{"agreementType":"AS2","hostPartner":"us","guestPartner":"us","hostIdentity":{"qualifier":"AS2Identity","value":"us"},"guestIdentity":{"qualifier":"AS2Identity","value":"us"},"content":{"aS2":{"receiveAgreement":` + oneWay() + `,"sendAgreement":` + oneWay() + `}}}}`},
		{account + "/assemblies/code", `{"properties":{"assemblyName":"code","contentType":"application/octet-stream","content":"AAAA"}}`},
		{account + "/batchConfigurations/batch", `{"properties":{"batchGroupName":"DEFAULT","releaseCriteria":{"messageCount":10,"recurrence":{"frequency":"Hour","interval":1}}}}`},
		{account + "/certificates/cert", `{"properties":{"publicCertificate":"CERTIFICATE"}}`},
		{account + "/sessions/s", `{"properties":{"content":{"number":1}}}`},
		{web + "customApis/api", `{"location":"westeurope","properties":{"displayName":"Api","swagger":{"swagger":"2.0","info":{"title":"t","version":"1"},"host":"127.0.0.1:1","basePath":"/","schemes":["https"],"paths":{"/x":{"get":{"operationId":"X","parameters":[{"name":"q","in":"query","type":"string"}],"responses":{"200":{"description":"ok"}}}}},"securityDefinitions":{"k":{"type":"apiKey","in":"header","name":"X-Key"}}}}}`},
		{web + "connections/con", `{"location":"westeurope","kind":"V2","properties":{"displayName":"c","api":` + id(web+"customApis/api") + `,"parameterValues":{"api_key":"hidden"}}}`},
		{web + "connections/con/accessPolicies/p", `{"location":"westeurope","properties":{"principal":{"type":"ActiveDirectory","identity":{"objectId":"` + guid + `","tenantId":"` + guid + `"}}}}`},
		{logic + "workflows/flow", `{"location":"westeurope","identity":{"type":"SystemAssigned"},"properties":{"state":"Enabled","definition":` + definition + `,"parameters":{"p":{"value":"y"}},"accessControl":{"triggers":{"allowedCallerIpAddresses":[{"addressRange":"10.0.0.0/8"}]}},"integrationServiceEnvironment":` + id(logic+"integrationServiceEnvironments/ise") + `}}`},
		{"providers/Microsoft.Authorization/roleAssignments/" + guid, `{"properties":{"roleDefinitionId":"$S/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7","principalId":"22222222-2222-3333-4444-555555555555","principalType":"ServicePrincipal"}}`},
		{"providers/Microsoft.Resources/deployments/d", `{"properties":{"mode":"Incremental","template":` + template + `,"parameters":{"n":{"value":"rules3"}}}}`},
	}
	for i := range list {
		list[i][0] = "resourceGroups/g/" + list[i][0]
	}
	top := [][2]string{{"resourceGroups/g", `{"location":"westeurope","tags":{"stage":"test"}}`}, {"resourceGroups/locked", `{"location":"westeurope"}`},
		{"resourceGroups/locked/providers/Microsoft.Authorization/locks/keep", `{"properties":{"level":"ReadOnly","notes":"ours"}}`},
		{"providers/Microsoft.Authorization/roleDefinitions/" + guid, `{"properties":{"roleName":"Opener","description":"d","type":"CustomRole","permissions":[{"actions":["Microsoft.Logic/workflows/read"],"notActions":[],"dataActions":[]}],"assignableScopes":["$S"]}}`},
		{"providers/Microsoft.Resources/deployments/top", `{"location":"westeurope","properties":{"mode":"Incremental","template":{"$schema":"https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[]}}}`},
		{"tagNames/cost", ``}, {"tagNames/cost/tagValues/high", ``}}
	return append(top, list...)
}

// oneWay is one direction of an agreement by AS2, with every member that it needs.
func oneWay() string {
	off := func(names string) string { return `"` + strings.ReplaceAll(names, " ", `":false,"`) + `":false` }
	connection := off("ignoreCertificateNameMismatch keepHttpConnectionAlive supportHttpStatusCodeContinue unfoldHttpHeaders")
	const us = `{"qualifier":"AS2Identity","value":"us"}`
	return `{"receiverBusinessIdentity":` + us + `,"senderBusinessIdentity":` + us + `,"protocolSettings":{"acknowledgementConnectionSettings":{` + connection + `},"messageConnectionSettings":{` + connection + `},
		"envelopeSettings":{"fileNameTemplate":"f","messageContentType":"text/plain",` + off("autogenerateFileName suspendMessageOnFileNameGenerationError transmitFileNameInMimeHeader") + `},
		"errorSettings":{` + off("resendIfMDNNotReceived suspendDuplicateMessage") + `},
		"mdnSettings":{"micHashingAlgorithm":"SHA2256",` + off("needMDN sendInboundMDNToMessageBox sendMDNAsynchronously signMDN signOutboundMDNIfOptional") + `},
		"securitySettings":{` + off("enableNRRForInboundDecodedMessages enableNRRForInboundEncodedMessages enableNRRForInboundMDN enableNRRForOutboundDecodedMessages enableNRRForOutboundEncodedMessages enableNRRForOutboundMDN overrideGroupSigningCertificate") + `},
		"validationSettings":{"encryptionAlgorithm":"AES256","interchangeDuplicatesValidityDays":5,` + off("checkCertificateRevocationListOnReceive checkCertificateRevocationListOnSend checkDuplicateMessage compressMessage encryptMessage overrideMessageProperties signMessage") + `}}}`
}

// bodies are what is posted, by the end of the path; others are posted an empty object.
func bodies() map[string]string {
	move := `{"resources":["$G/providers/Microsoft.Logic/workflows/flow"],"targetResourceGroup":"$S/resourceGroups/locked"}`
	deployment := func() string {
		for _, p := range population() {
			if strings.HasSuffix(p[0], "/deployments/d") {
				return p[1]
			}
		}
		return ""
	}()
	return map[string]string{
		"moveResources": move, "validateMoveResources": move, "/deployments/d/validate": deployment, "whatIf": deployment, "calculateTemplateHash": deployment,
		"exportTemplate": `{"resources":["*"],"options":"IncludeParameterDefaultValue"}`, "checkResourceName": `{"name":"x","type":"Microsoft.Logic/workflows"}`,
		"checkZonePeers": `{"location":"westeurope","subscriptionIds":["$S"]}`, "listCallbackUrl": `{"keyType":"Secondary","notAfter":"2030-01-01T00:00:00Z"}`,
		"regenerateAccessKey": `{"keyType":"Primary"}`, "generateUpgradedDefinition": `{"targetSchemaVersion":"2016-06-01"}`,
		"trace": `{"source":"10.0.1.4","destination":"8.8.8.8","port":443,"protocol":"TCP"}`, "ipFlowVerify": `{"targetResourceId":"$G/providers/Microsoft.Network/networkInterfaces/nic","direction":"Outbound","protocol":"TCP","localPort":"1","remotePort":"443","localIPAddress":"10.0.1.4","remoteIPAddress":"8.8.8.8"}`,
		"nextHop":           `{"targetResourceId":"$G/providers/Microsoft.Network/networkInterfaces/nic","sourceIPAddress":"10.0.1.4","destinationIPAddress":"8.8.8.8"}`,
		"logTrackingEvents": `{"sourceType":"Microsoft.Logic/workflows","events":[{"eventLevel":"Error","eventTime":"2024-01-01T00:00:00Z","recordType":"AS2Message","record":{}}]}`,
		"listKeyVaultKeys":  `{"keyVault":{"id":"$G/providers/Microsoft.KeyVault/vaults/v"}}`, "dynamicInvoke": `{"parameters":{},"request":{"method":"get","path":"/x"}}`,
		"cancelRuns": `{"filter":"status eq 'Running'"}`, "resubmitRuns": `{"filter":"status eq 'Failed'"}`, "listConsentLinks": `{"parameters":[{"parameterName":"token","redirectUrl":"https://example.org"}]}`,
	}
}

// surface is a server that holds the population, asked as its operator.
type surface struct {
	s     *Server
	token string
	forms []arm.Surface
	types []arm.Type
	seeds map[string]string // by lower-case path, with the subscription
	base  string            // "/subscriptions/…"
}

func newSurface(t testing.TB) *surface {
	t.Helper()
	s, err := Start(t.Context(), Config{Data: t.TempDir(), Listen: "127.0.0.1:0", InlineCode: InlineCodeInProcess, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	f := &surface{s: s, forms: s.manager.Surface(), types: s.types(new(deploy.Provider)), seeds: map[string]string{}, base: "/subscriptions/" + s.issuer.Subscription()}
	f.signIn(t)
	for i := range bodies() {
		f.seeds[strings.ToLower(i)] = f.expand(t, bodies()[i])
	}
	for _, p := range population() {
		path := f.base + "/" + p[0]
		f.seeds[strings.ToLower(path)] = f.expand(t, p[1])
	}
	f.populate(t)
	return f
}

func (f *surface) signIn(t testing.TB) {
	o := f.s.Operator()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {o.ClientID}, "client_secret": {o.ClientSecret}, "scope": {o.Endpoint + "/.default"}}
	r := httptest.NewRequest(http.MethodPost, o.Authority+"/"+o.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	f.s.handler.ServeHTTP(w, r)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.AccessToken == "" {
		t.Fatal(w.Code, w.Body)
	}
	f.token = answer.AccessToken
}

func (f *surface) expand(t testing.TB, body string) string {
	if strings.Contains(body, "CERTIFICATE") {
		ca, err := os.ReadFile(f.s.Operator().CAFile)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(ca)
		body = strings.ReplaceAll(body, "CERTIFICATE", base64.StdEncoding.EncodeToString(block.Bytes))
	}
	return strings.NewReplacer("$G", f.base+"/resourceGroups/g", "$S", f.base).Replace(body)
}

// populate makes what is not there, in order; what goes on behind an answer is waited for.
func (f *surface) populate(t testing.TB) {
	t.Helper()
	for _, p := range population() {
		path := f.base + "/" + p[0]
		target := path + "?api-version=" + f.version(path)
		eventually(t, path+" is there or gone", func() bool { return f.settled(target) })
		if !strings.Contains(path, "tagNames") && f.send(http.MethodGet, target, "", nil).Code == http.StatusOK {
			continue
		}
		eventually(t, path+" can be made", func() bool {
			w := f.send(http.MethodPut, target, f.seeds[strings.ToLower(path)], nil)
			if w.Code != http.StatusConflict && w.Code >= 300 {
				t.Fatalf("PUT %s: %d %s", path, w.Code, w.Body)
			}
			return w.Code < 300
		})
		eventually(t, path+" is ready", func() bool { return f.settled(target) })
	}
}

// settled says that nothing goes on with a resource.
func (f *surface) settled(target string) bool {
	var answer struct {
		Properties struct{ ProvisioningState string }
	}
	_ = json.Unmarshal(f.send(http.MethodGet, target, "", nil).Body.Bytes(), &answer)
	return slices.Contains([]string{"", "Succeeded", "Failed", "Canceled"}, answer.Properties.ProvisioningState)
}

// version is an api-version that the type of a path has, or of what the path is below.
func (f *surface) version(path string) string {
	for ; path != ""; path = path[:strings.LastIndexByte(path, '/')] {
		id, err := arm.ParseID(path)
		if err != nil {
			continue
		}
		for _, t := range f.types {
			if strings.EqualFold(t.Name, id.Type()) && len(t.APIVersions) > 0 {
				return t.APIVersions[0]
			}
		}
	}
	return "2021-04-01"
}

func (f *surface) send(method, target, body string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, f.s.base+"/", strings.NewReader(body))
	r.Method = method
	if at := strings.IndexByte(target, '?'); at >= 0 {
		r.URL.RawQuery, target = target[at+1:], target[:at]
	}
	r.URL.Path = target
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Authorization", "Bearer "+f.token)
	w := httptest.NewRecorder()
	f.s.handler.ServeHTTP(w, r)
	return w
}

// digest is of all that requests store: resources and settings, not what tells of
// requests.
func (f *surface) digest(t testing.TB) [sha256.Size]byte {
	t.Helper()
	h := sha256.New()
	err := f.s.store.Control().Read(t.Context(), func(tx *store.Tx) error {
		h.Reset()
		resources, err := tx.Resources(store.Query{})
		if err != nil {
			return err
		}
		for _, r := range resources {
			fmt.Fprintln(h, r.Key, r.ETag, r.State, string(r.Body))
		}
		names, err := tx.Settings("")
		if err != nil {
			return err
		}
		for _, name := range names {
			value, err := tx.Setting(name)
			if err != nil {
				return err
			}
			fmt.Fprintln(h, name, string(value))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// TestThePopulationHasEveryType: nothing that can be made is left out of what is tried.
func TestThePopulationHasEveryType(t *testing.T) {
	s := newSurface(t)
	there := map[string]bool{}
	for _, p := range population() {
		if id, err := arm.ParseID(s.base + "/" + p[0]); err == nil {
			there[strings.ToLower(id.Type())] = true
		}
	}
	for _, typ := range s.types {
		if typ.Name == "Microsoft.Network/networkWatchers/packetCaptures" {
			continue // refused where no kernel holds the networks
		}
		if typ.Put != nil && !there[strings.ToLower(typ.Name)] {
			t.Errorf("%s is not in the population", typ.Name)
		}
	}
}

// FuzzSurface sends requests of every form that the resource manager answers, with a path,
// query, headers and a body that a fault of a client may have changed: no answer is the
// server's own fault, and one that refuses has changed nothing.
func FuzzSurface(f *testing.F) {
	s := newSurface(f)
	for seed := range uint64(len(s.forms) * 3) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { s.try(t, seed) })
}

// try makes one request of a seed. What goes on behind the server's answers may change the
// store at any moment, so a refusal is to blame if it does so three times in a row.
func (f *surface) try(t *testing.T, seed uint64) {
	r := request(f, rand.New(rand.NewPCG(seed, 7)), int(seed%uint64(len(f.forms))))
	for range 3 {
		before := f.digest(t)
		w := f.send(r.method, r.target, r.body, r.header)
		told := fmt.Sprintf("%s %.300q %v\n%.1000s\n%d %.500s", r.method, r.target, r.header, r.body, w.Code, w.Body)
		switch {
		case w.Code >= 500 && w.Code != http.StatusBadGateway: // of a backend that cannot be reached
			t.Fatalf("the server's own fault: %s", told)
		case w.Code < 400:
			if r.method == http.MethodDelete || w.Code == http.StatusAccepted {
				f.populate(t)
			}
			return
		case r.method != http.MethodHead && w.Header().Get("x-ms-error-code") == "":
			t.Fatalf("an error without a code: %s", told)
		}
		if f.digest(t) == before {
			return
		}
		time.Sleep(20 * time.Millisecond) // what the server does by itself ends
	}
	t.Fatalf("a refusal has changed something: %s %.300q\n%.1000s", r.method, r.target, r.body)
}
