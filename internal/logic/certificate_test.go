package logic

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"isle/expr"
	"isle/internal/arm"
)

// authority is the certificate of an authority, in DER.
func authority(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// ise.md #76: at most 20, of kind TrustedRoot, each one X.509 certificate.
func TestCertificatesOfAnEnvironment(t *testing.T) {
	der := authority(t)
	block := func(typ string) []byte { return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}) }
	text := base64.StdEncoding.EncodeToString
	good := func(text string) *certificate { return &certificate{Public: text, Kind: "TrustedRoot"} }
	many := map[string]*certificate{}
	for i := range maxCertificates + 1 {
		many[fmt.Sprint(i)] = good(text(der))
	}
	for name, c := range map[string]struct {
		given map[string]*certificate
		want  string
	}{
		"none":             {nil, ""},
		"DER":              {map[string]*certificate{"a": good(text(der))}, ""},
		"PEM":              {map[string]*certificate{"a": good(text(block("CERTIFICATE")))}, ""},
		"with line breaks": {map[string]*certificate{"a": good(strings.Join(strings.SplitAfter(text(der), "A"), "\n"))}, ""},
		"a key":            {map[string]*certificate{"a": good(text(block("PRIVATE KEY")))}, "InvalidCertificates"},
		"two in one":       {map[string]*certificate{"a": good(text(append(block("CERTIFICATE"), block("CERTIFICATE")...)))}, "InvalidCertificates"},
		"no certificate":   {map[string]*certificate{"a": good(text([]byte("certificate")))}, "InvalidCertificates"},
		"no base64":        {map[string]*certificate{"a": good("?")}, "InvalidCertificates"},
		"empty":            {map[string]*certificate{"a": good("")}, "InvalidCertificates"},
		"null":             {map[string]*certificate{"a": nil}, "InvalidCertificates"},
		"other kind":       {map[string]*certificate{"a": {Public: text(der), Kind: "Client"}}, "InvalidCertificates"},
		"all told":         {map[string]*certificate{"a": nil, "b": good("?"), "c": good(text(der))}, "InvalidCertificates InvalidCertificates"},
		"21":               {many, "InvalidCertificates"},
	} {
		var p arm.Found
		checkCertificates(c.given, &p)
		if got := found(p); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	settings, err := expr.ReadJSON(`{"certificates":{"old":{"publicCertificate":"eA==","kind":"TrustedRoot"},"none":null,"b":{"publicCertificate":"` + text(der) + `"}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := trusted(settings); len(got) != 1 || string(got[0].Raw) != string(der) {
		t.Errorf("%d are trusted", len(got))
	}
	if got := trusted(expr.Object()); got != nil {
		t.Errorf("%v", got)
	}
}
