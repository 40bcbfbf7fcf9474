package isletest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ordersDocument describes the API of the tests below.
const ordersDocument = `{"swagger":"2.0","info":{"title":"Orders","version":"1"},"securityDefinitions":{"key":{"type":"apiKey","in":"header","name":"X-Key"}},
 "x-ms-capabilities":{"testConnection":{"operationId":"Ping"}},
 "paths":{"/ping":{"get":{"operationId":"Ping","responses":{"200":{"description":"ok"}}}},
  "/orders/{id}":{"get":{"operationId":"GetOrder","parameters":[{"name":"id","in":"path","required":true,"type":"string"}],"responses":{"200":{"description":"ok"}}}}}}`

// TestCustomAPIsAreCalledFromInsideTheNetwork: a connection to a custom API leads to its
// backend, with the key that the connection holds, through the connectors' subnet; the
// key is readable nowhere.
func TestCustomAPIsAreCalledFromInsideTheNetwork(t *testing.T) {
	const key = "PLANTED-custom-key"
	var asked []string
	backend := stub(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Key"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":7}`))
	})
	s := newSite(t, 1)
	environment := s.environment(0, external)
	web := s.group + "/providers/Microsoft.Web"
	put := func(id string, body string, want int) {
		t.Helper()
		if a := s.Do(http.MethodPut, id, json.RawMessage(body)); a.Status != want {
			t.Fatalf("PUT %s: %d %s", id, a.Status, a.Body)
		}
	}
	put(web+"/customApis/orders", `{"location":"westeurope","properties":{"displayName":"Orders","integrationServiceEnvironment":{"id":"`+environment+`"},"backendService":{"serviceUrl":"`+backend+`/v1"},"swagger":`+ordersDocument+`}}`, 201)
	connection := web + "/connections/orders"
	put(connection, `{"location":"westeurope","properties":{"displayName":"Orders","api":{"id":"`+web+`/customApis/orders"},"parameterValues":{"API_key":"`+key+`"}}}`, 201)
	got := s.Do(http.MethodGet, connection, nil)
	if got.Text("properties", "overallStatus") != "Connected" || !strings.EqualFold(got.Text("properties", "integrationServiceEnvironmentResourceId"), environment) {
		t.Errorf("%s", got.Body)
	}
	// What was served can be PUT again, and the key stays.
	put(connection, string(got.Body), 200)

	id, callback := s.workflow("orders", environment, `{
		"Order": {"type": "ApiConnection", "inputs": {"host": {"connection": {"name": "`+connection+`"}}, "method": "get", "path": "/orders/@{7}", "retryPolicy": {"type": "none"}}},
		"Answer": {"type": "Response", "inputs": {"statusCode": 200, "body": "@actions('Order')"}, "runAfter": {"Order": ["Succeeded", "Failed"]}}}`)
	call := func() (o outcome) {
		asked = nil
		a := s.Call(callback, `{}`)
		if a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		must(t, json.Unmarshal(a.Body, &o))
		return o
	}
	s.succeeded(call())
	if strings.Join(asked, "\n") != "GET /v1/orders/7 "+key {
		t.Errorf("asked %v", asked)
	}
	asked = nil
	if a := s.Do(http.MethodGet, connection+"/extensions/proxy/testconnection", nil); a.Status != 200 || strings.Join(asked, "") != "GET /v1/ping "+key {
		t.Errorf("%d %s %v", a.Status, a.Body, asked)
	}
	for where, text := range crawl(t, s.Server, []string{id + "/runs", connection, web + "/connections", web + "/customApis"}) {
		if strings.Contains(string(text), "PLANTED") {
			t.Errorf("the key is readable in %s: %s", where, text)
		}
	}

	s.guard("connectors", "web", append(required(t), rule(t, "NoInternet", "200 Outbound Deny * * -> Internet:*"))...)
	s.denied(call(), "securityRules/NoInternet", "connectors")
	if a := s.Do(http.MethodGet, connection+"/extensions/proxy/testconnection", nil); a.Status != 502 || len(asked) > 0 {
		t.Errorf("%d %s %v", a.Status, a.Body, asked)
	}
	s.dropRule("web", "NoInternet")

	s.Restart()
	s.succeeded(call())
	s.Stop()
	must(t, filepath.WalkDir(s.Data(), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if content, err := os.ReadFile(path); err == nil && bytes.Contains(content, []byte(key)) {
			t.Errorf("%s holds the key in plain", path)
		}
		return nil
	}))
}
