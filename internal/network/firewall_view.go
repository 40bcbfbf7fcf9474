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
	collections := make([]expr.Value, len(f.Collections))
	for i := range f.Collections {
		c := &f.Collections[i]
		collections[i] = child(id+"/networkRuleCollections/"+c.Name, c.Name, typeFirewalls+"/networkRuleCollections", etag, c.view())
	}
	v.add("networkRuleCollections", expr.Array(collections...))
	v.add("applicationRuleCollections", expr.Array())
	v.add("natRuleCollections", expr.Array())
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

func (c *Collection) view() expr.Value {
	var v, action fields
	v.text("provisioningState", succeeded)
	v.add("priority", expr.Int(int64(c.Priority)))
	action.text("type", c.Action)
	v.add("action", action.value())
	rules := make([]expr.Value, len(c.Rules))
	for i := range c.Rules {
		r := &c.Rules[i]
		var f fields
		f.text("name", r.Name)
		f.text("description", r.Description)
		f.texts("protocols", r.Protocols)
		f.texts("sourceAddresses", r.Sources)
		f.texts("destinationAddresses", r.Destinations)
		f.texts("destinationPorts", r.Ports)
		rules[i] = f.value()
	}
	v.add("rules", expr.Array(rules...))
	return v.value()
}
