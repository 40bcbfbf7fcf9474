package isletest_test

import (
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// An environment trusts the authorities that it was given, and no other one does; each
// request that gives certificates replaces all of them, in force without a restart
// (ise.md #76).
func TestTrustedRoots(t *testing.T) {
	s := newSite(t, 2)
	peer := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
	t.Cleanup(peer.Close)
	first, second := s.environment(0, external), s.environment(1, external)
	_, call := s.caller("a", first)
	_, other := s.caller("b", second)
	trust := func(text string) {
		t.Helper()
		a := s.Do(http.MethodPatch, first, `{"properties":{"certificates":`+text+`}}`)
		if a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
		s.Wait(first)
	}
	refused := func(callback string) {
		t.Helper()
		if o := s.call(callback, peer.URL); o.Status != "Failed" || !strings.Contains(o.Error.Message, "certificate") {
			t.Errorf("%+v", o)
		}
	}
	der := peer.Certificate().Raw
	root := `{"stub":{"publicCertificate":"` + base64.StdEncoding.EncodeToString(der) + `","kind":"TrustedRoot"}}`
	refused(call)
	trust(root)
	s.succeeded(s.call(call, peer.URL))
	refused(other)
	trust(`{}`)
	refused(call)
	file := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	trust(`{"file":{"publicCertificate":"` + file + `","kind":"trustedRoot"}}`)
	s.succeeded(s.call(call, peer.URL))
	s.Restart()
	s.succeeded(s.call(call, peer.URL))
}
