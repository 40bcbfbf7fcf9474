package isletest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"isle/isletest"
)

// TestRulesMeanTheTagsOfTheFile starts a server with a file of service tags: a rule that
// names one of them denies its addresses.
func TestRulesMeanTheTagsOfTheFile(t *testing.T) {
	tags := filepath.Join(t.TempDir(), "tags.json")
	must(t, os.WriteFile(tags, []byte(`{"changeNumber":1,"cloud":"Public","values":[{"name":"Sql","id":"Sql","properties":{"addressPrefixes":["192.0.2.0/24"]}},
		{"name":"Storage","id":"Storage","properties":{"addressPrefixes":["127.0.0.1/32"]}}]}`), 0o600))
	s := newSite(t, 1, isletest.WithServiceTags(tags))
	server := stub(t, func(w http.ResponseWriter, r *http.Request) {})
	_, callback := s.caller("caller", s.environment(0, external))
	s.guard("front", "web", append(required(t), rule(t, "NoSql", "200 Outbound Deny * * -> Sql:*"))...)
	s.succeeded(s.call(callback, server))
	s.putRule("web", rule(t, "NoStorage", "210 Outbound Deny * * -> Storage:*"))
	s.denied(s.call(callback, server), "securityRules/NoStorage")

	// The file is read again when it changes; one that cannot be read changes nothing.
	must(t, os.WriteFile(tags, []byte(`{"values":[{"name":"Storage","properties":{"addressPrefixes":["nowhere"]}}]}`), 0o600))
	must(t, os.WriteFile(tags+".new", []byte(`{"changeNumber":2,"cloud":"Public","values":[{"name":"Storage","id":"Storage","properties":{"addressPrefixes":["192.0.2.0/24"]}}]}`), 0o600))
	s.denied(s.call(callback, server), "securityRules/NoStorage")
	must(t, os.Rename(tags+".new", tags))
	deadline := time.Now().Add(time.Minute)
	for s.call(callback, server).Status != "Succeeded" {
		if time.Now().After(deadline) {
			t.Fatal("the new tags are not in force")
		}
		time.Sleep(20 * time.Millisecond) // the client's side of polling
	}
	if a := s.Do(http.MethodGet, "/subscriptions/"+s.SubscriptionID+"/providers/Microsoft.Network/locations/local/serviceTags?api-version=2024-05-01", nil); a.Text("changeNumber") != "2" {
		t.Errorf("%d %.200s", a.Status, a.Body)
	}
}
