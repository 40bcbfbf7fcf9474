package account

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"

	"isle/expr"
	"isle/internal/arm"
)

const codeCertificate = "InvalidCertificate"

func certificateKind() *kind {
	return &kind{
		segment: "certificates", model: "IntegrationAccountCertificateProperties", missing: "IntegrationAccountCertificateNotFound",
		most: perSKU{free: 25, basic: 2, standard: 1000}, check: checkCertificate,
	}
}

// checkCertificate reads the public certificate. A private key is named by its place in
// a key vault; it is stored as it is named.
func checkCertificate(d *draft, found *arm.Found) {
	key, hasKey := d.properties.Get("key")
	public, hasPublic := d.properties.Get("publicCertificate")
	if !hasKey && !hasPublic {
		found.Add("InvalidRequestContent", "properties.publicCertificate", "The certificate has neither 'publicCertificate', a certificate in base64, nor 'key', a private key in a key vault. Give one of them, or both.")
	}
	if hasPublic {
		text, _ := public.AsString()
		checkPublic(text, found)
	}
	if hasKey {
		vault, _ := key.Get("keyVault")
		if vault.Kind() != expr.KindObject {
			return // told already
		}
		checkVault(vault, "properties.key.keyVault", found)
	}
}

func checkPublic(text string, found *arm.Found) {
	const target = "properties.publicCertificate"
	der := []byte(nil)
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der = block.Bytes
	} else if decoded, err := lenientBase64(text); err == nil {
		der = decoded
		if block, _ := pem.Decode(decoded); block != nil { // a .cer file may hold PEM
			der = block.Bytes
		}
	}
	switch _, err := x509.ParseCertificate(der); {
	case bytes.Contains([]byte(text), []byte("PRIVATE KEY")):
		found.Add(codeCertificate, target, "The public certificate holds a private key. Give the certificate alone; private keys stay in a key vault, named by 'key'.")
	case len(der) == 0:
		found.Add(codeCertificate, target, "The public certificate is not base64. Give an X.509 certificate (.cer) in base64.")
	case err != nil:
		found.Add(codeCertificate, target, "The public certificate is no X.509 certificate: %s. Give the content of a .cer file in base64.", err)
	}
}
