package isletest_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"isle/isletest"
)

// TestConnectorsCallFromTheirOwnSubnet: where a connection, a function and an API are
// called stands in the server's file of connections. A rule on the connectors' subnet
// denies the connector, and neither the function nor the API, which are built in.
func TestConnectorsCallFromTheirOwnSubnet(t *testing.T) {
	var paths []string
	server := stub(t, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.Method+" "+r.RequestURI+" "+r.Header.Get("Authorization")+r.Header.Get("Ocp-Apim-Subscription-Key"))
	})
	const web = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web"
	file := filepath.Join(t.TempDir(), "connections.json")
	must(t, os.WriteFile(file, []byte(`{
		"managedApiConnections": {"mail": {"connection": {"id": "`+web+`/connections/mail"}, "connectionRuntimeUrl": "`+server+`/mail", "authentication": {"type": "Raw", "scheme": "Key", "parameter": "`+planted("connector")+`"}}},
		"functionConnections": {"sort": {"function": {"id": "`+web+`/sites/app/functions/sort"}, "triggerUrl": "`+server+`/api/sort", "authentication": {"type": "QueryString", "name": "code", "value": "`+planted("function")+`"}}},
		"apiManagementConnections": {"orders": {"apiId": "/apis/orders", "baseUrl": "`+server+`/gate", "subscriptionKey": "`+planted("api")+`"}}}`), 0o600))
	s := newSite(t, 1, isletest.WithConnections(file))
	environment := s.environment(0, external)
	id, callback := s.workflow("mail", environment, `{
		"Mail": {"type": "ApiConnection", "inputs": {"host": {"connection": {"name": "`+web+`/connections/Mail"}}, "method": "post", "path": "/v2/Mail", "body": 1, "retryPolicy": {"type": "none"}}},
		"Sort": {"type": "Function", "inputs": {"function": {"id": "`+web+`/sites/app/functions/sort"}, "retryPolicy": {"type": "none"}}, "runAfter": {"Mail": ["Succeeded", "Failed"]}},
		"Order": {"type": "ApiManagement", "inputs": {"api": {"id": "/apis/orders"}, "method": "get", "pathTemplate": {"template": "/x/{id}", "parameters": {"id": 7}}}, "runAfter": {"Sort": ["Succeeded"]}},
		"Answer": {"type": "Response", "inputs": {"statusCode": 200, "body": "@actions('Mail')"}, "runAfter": {"Order": ["Succeeded"]}}}`)
	call := func() outcome {
		paths = nil
		a := s.Call(callback, `{}`)
		if a.Status != http.StatusOK {
			t.Fatalf("%d %s %s", a.Status, a.Body, s.Do(http.MethodGet, id+"/runs", nil).Body)
		}
		for where, text := range crawl(t, s.Server, []string{id + "/runs"}) {
			if strings.Contains(string(text), "PLANTED") {
				t.Errorf("a credential is readable in %s: %s", where, text)
			}
		}
		var o outcome
		must(t, json.Unmarshal(a.Body, &o))
		return o
	}
	builtIn := []string{"POST /api/sort?code=" + planted("function") + " ", "GET /gate/x/7 " + planted("api")}
	s.succeeded(call())
	want := append([]string{"POST /mail/v2/Mail Key " + planted("connector")}, builtIn...)
	if strings.Join(paths, "\n") != strings.Join(want, "\n") {
		t.Errorf("called were\n%s", strings.Join(paths, "\n"))
	}

	s.guard("connectors", "web", append(required(t), rule(t, "NoInternet", "200 Outbound Deny * * -> Internet:*"))...)
	s.denied(call(), "securityRules/NoInternet", "connectors")
	if strings.Join(paths, "\n") != strings.Join(builtIn, "\n") {
		t.Errorf("called were\n%s", strings.Join(paths, "\n"))
	}

	s.dropRule("web", "NoInternet")
	s.Restart()
	s.succeeded(call())
}
