package isletest_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"isle/internal/netns"
	"isle/isletest"
)

// BenchmarkAnEditIsInForce edits a security group of a network that the kernel holds, and
// opens a flow as soon as that is answered: a machine's to another one, which the edit
// allows or, by turns, denies. "late" counts the flows that met the rule of before.
func BenchmarkAnEditIsInForce(b *testing.B) {
	s := isletest.Start(b, inKernel(b)...)
	network := s.Group("net") + "/providers/Microsoft.Network/"
	client, server := machine(b), machine(b)
	put := func(path, body string) {
		if a := s.Do(http.MethodPut, network+path+"?api-version=2023-09-01", json.RawMessage(body)); a.Status >= 300 {
			b.Fatalf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	put("networkSecurityGroups/group", `{"location":"local"}`)
	put("virtualNetworks/net", `{"location":"local","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]},"subnets":[{"name":"machines","properties":{
		"addressPrefix":"10.0.9.0/24","networkSecurityGroup":{"id":"`+network+`networkSecurityGroups/group"}}}]}}`)
	for address, in := range map[string]string{"10.0.9.50": client, "10.0.9.51": server} {
		put("networkInterfaces/"+address, `{"location":"local","tags":{"isle-attach":"`+netnsOf(in)+`"},"properties":{"ipConfigurations":[{"name":"ip","properties":{
			"privateIPAddress":"`+address+`","privateIPAllocationMethod":"Static","subnet":{"id":"`+network+`virtualNetworks/net/subnets/machines"}}}]}}`)
	}
	l := listenIn(b, server, 7)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()

	var answered time.Duration
	late := 0
	for allow := false; b.Loop(); allow = !allow {
		access, patience := "Deny", 50*time.Millisecond // a flow that is let through takes a hundredth of it
		if allow {
			access, patience = "Allow", hanging
		}
		began := time.Now()
		put("networkSecurityGroups/group/securityRules/echo", fmt.Sprintf(`{"properties":{"priority":200,"direction":"Inbound","access":"%s","protocol":"*",
			"sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"7"}}`, access))
		answered += time.Since(began)
		c, err := netns.At(client).Dial(b.Context(), net.Dialer{Timeout: patience}, "tcp", netip.MustParseAddrPort("10.0.9.51:7"))
		if err == nil {
			_ = c.Close()
		}
		if allow != (err == nil) {
			late++
		}
	}
	b.ReportMetric(float64(answered.Microseconds())/1e3/float64(b.N), "answer-ms")
	b.ReportMetric(float64(late), "late")
}
