package logic

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
)

// The trusted roots of an environment (ise.md #76): certificates of authorities, besides
// the system's, that servers called from the environment may have theirs from. Each
// request that gives certificates replaces all of them.

const (
	maxCertificates    = 20
	memberCertificates = "certificates"
)

type certificate struct {
	Public string `json:"publicCertificate"`
	Kind   string `json:"kind"`
}

func checkCertificates(given map[string]*certificate, found *arm.Found) {
	const code, place = "InvalidCertificates", "properties." + memberCertificates
	if n := len(given); n > maxCertificates {
		found.Add(code, place, "The environment has %d trusted root certificates; at most %d are allowed.", n, maxCertificates)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		c, target := given[name], place+"."+name
		if c == nil || !strings.EqualFold(c.Kind, "TrustedRoot") {
			found.Add(code, target, "The kind of certificate '%s' must be TrustedRoot.", name)
			continue
		}
		if _, err := c.parse(); err != nil {
			found.Add(code, target+".publicCertificate", "The public certificate of '%s' must be the base64 text of one X.509 certificate: %s.", name, err)
		}
	}
}

// parse reads the certificate: base64 of DER, or of a PEM file with one certificate.
func (c *certificate) parse() (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.Public), ""))
	if err != nil || len(der) == 0 {
		return nil, errors.New("it is empty, or no base64")
	}
	if block, rest := pem.Decode(der); block != nil {
		if block.Type != "CERTIFICATE" {
			return nil, errors.New("the PEM file holds a " + block.Type)
		}
		if more, _ := pem.Decode(rest); more != nil {
			return nil, errors.New("the PEM file holds more than one: give each a name of its own")
		}
		der = block.Bytes
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, errors.New("what it holds is not one")
	}
	return parsed, nil
}

// trusted are the certificates among an environment's settings. What an older build
// stored unread, and cannot be read, is trusted by nobody.
func trusted(settings expr.Value) (list []*x509.Certificate) {
	given := map[string]*certificate{}
	if err := json.Unmarshal(path(settings, memberCertificates).JSON(), &given); err != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] == nil {
			continue
		}
		if c, err := given[name].parse(); err == nil {
			list = append(list, c)
		}
	}
	return list
}
