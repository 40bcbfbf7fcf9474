package network

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// What is served of network interfaces (armnetwork: Interface).

func viewInterface(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[Interface](r)
	if err != nil {
		return expr.Null(), err
	}
	return properties(form.view(&r)), nil
}

func (n *Interface) view(r *arm.Resource) expr.Value {
	var f fields
	f.text("provisioningState", succeeded)
	f.text("resourceGuid", n.GUID)
	f.add("ipConfigurations", n.configurationList(r))
	f.add("dnsSettings", n.dnsView())
	f.text("macAddress", macAddress(r.Key))
	f.add("enableIPForwarding", expr.Bool(n.Forwarding))
	if n.SecurityGroup != "" {
		f.add("networkSecurityGroup", idObject(n.SecurityGroup))
	}
	f.settings(n.Settings)
	f.missing(n.Settings, "enableAcceleratedNetworking", expr.Bool(false))
	f.missing(n.Settings, "disableTcpStateTracking", expr.Bool(false))
	f.missing(n.Settings, "nicType", expr.String("Standard"))
	f.add("hostedWorkloads", expr.Array())
	f.add("tapConfigurations", expr.Array())
	f.add("vnetEncryptionSupported", expr.Bool(false))
	return f.value()
}

// dnsView shows the DNS servers: those that are given are those that apply, as there
// are no availability sets.
func (n *Interface) dnsView() expr.Value {
	var f fields
	f.add("dnsServers", textArray(n.DNSServers))
	f.add("appliedDnsServers", textArray(n.DNSServers))
	f.text("internalDnsNameLabel", n.DNSLabel)
	return f.value()
}

// macAddress is a locally administered address that stays the same for an ID.
func macAddress(key string) string {
	sum := sha256.Sum256([]byte(key))
	return fmt.Sprintf("02-%02X-%02X-%02X-%02X-%02X", sum[0], sum[1], sum[2], sum[3], sum[4])
}

func (n *Interface) configurationList(r *arm.Resource) expr.Value {
	values := make([]expr.Value, len(n.Configurations))
	for i := range n.Configurations {
		values[i] = n.configurationView(r, i)
	}
	return expr.Array(values...)
}

func (n *Interface) configurationView(r *arm.Resource, i int) expr.Value {
	c := &n.Configurations[i]
	var f fields
	f.text("provisioningState", succeeded)
	f.text("privateIPAddress", c.Address)
	method := methodDynamic
	if c.Static {
		method = methodStatic
	}
	f.text("privateIPAllocationMethod", method)
	f.text("privateIPAddressVersion", c.version())
	f.add("subnet", idObject(c.Subnet))
	f.add("primary", expr.Bool(i == 0))
	if c.PublicIP != "" {
		f.add("publicIPAddress", idObject(c.PublicIP))
	}
	f.references("applicationSecurityGroups", c.Groups)
	return child(r.ID+"/ipConfigurations/"+c.Name, c.Name, interfaceConfigurations, r.ETag, f.value())
}

// version is the IP version of a configuration.
func (c *Configuration) version() string { return orElse(c.Protocol, versionIPv4) }

// readConfigurations answers GET {interface}/ipConfigurations.
func readConfigurations(_ context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[Interface](r.Resource)
	if err != nil {
		return nil, err
	}
	return arm.Reply(list(form.configurationList(&r.Resource))), nil
}

// readConfiguration answers GET {interface}/ipConfigurations/{configuration}.
func readConfiguration(_ context.Context, r *arm.Request) (*arm.Response, error) {
	form, err := decode[Interface](r.Resource)
	if err != nil {
		return nil, err
	}
	for i := range form.Configurations {
		if strings.EqualFold(form.Configurations[i].Name, r.Values["configuration"]) {
			return arm.Reply(form.configurationView(&r.Resource, i)), nil
		}
	}
	return nil, arm.Missing("NotFound", "Resource %s/ipConfigurations/%s not found.", r.Resource.ID, r.Values["configuration"])
}
