package isletest_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

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
}
