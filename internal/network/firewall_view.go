package network

import (
	"context"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

func viewFirewall(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[Firewall](r)
	if err != nil {
		return expr.Null(), err
	}
	var top fields
	top.add("properties", form.view(r.ID, r.ETag))
	top.texts("zones", form.Zones)
	return top.value(), nil
}

func (f *Firewall) view(id, etag string) expr.Value {
	var v, sku fields
	v.text("provisioningState", succeeded)
	sku.text("name", "AZFW_VNet")
	sku.text("tier", f.Tier)
	v.add("sku", sku.value())
	v.text("threatIntelMode", f.ThreatIntel)
	v.settings(f.Settings)
	v.missing(f.Settings, "additionalProperties", expr.Object())
	configurations := make([]expr.Value, len(f.Configurations))
	for i := range f.Configurations {
		c := &f.Configurations[i]
		configurations[i] = child(id+"/azureFirewallIpConfigurations/"+c.Name, c.Name, typeConfigurations, etag, c.view(f.Address))
	}
	v.add("ipConfigurations", expr.Array(configurations...))
	for _, kind := range f.kinds() {
		v.add(kind.member, kind.views(id, etag))
	}
	if f.Policy != "" {
		v.add("firewallPolicy", idObject(f.Policy))
	}
	return v.value()
}

func (c *FirewallConfiguration) view(address string) expr.Value {
	var v fields
	v.text("provisioningState", succeeded)
	if c.Subnet != "" {
		v.text("privateIPAddress", address)
	}
	v.text("privateIPAllocationMethod", methodDynamic)
	v.add("publicIPAddress", idObject(c.PublicIP))
	if c.Subnet != "" {
		v.add("subnet", idObject(c.Subnet))
	}
	return v.value()
}
