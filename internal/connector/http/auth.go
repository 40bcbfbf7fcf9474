package http

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"

	pkcs12 "software.sslmate.com/src/go-pkcs12"

	"isle/expr"
	"isle/internal/connector"
)

// authError is a failure to get or use credentials. Its message holds none.
type authError struct {
	code      string
	message   string
	retryable bool // the same request may succeed later
}

func (e *authError) Error() string { return e.message }

// authenticate puts the credentials of the inputs on a request and says over which
// transport it goes (wdl-semantics §11.10).
func (o *Operation) authenticate(ctx context.Context, c connector.Call, r *Request, request *http.Request) (http.RoundTripper, error) {
	transport := o.transports.of(c.Dialer)
	a := object{r.Authentication}
	switch a.kind() {
	case "basic":
		request.SetBasicAuth(a.text("username"), a.text("password"))
	case "raw":
		request.Header.Set("Authorization", a.text("value"))
	case "clientcertificate":
		certificate, err := readPFX(a.text("pfx"), a.text("password"))
		if err != nil {
			return nil, err
		}
		return o.transports.new(c.Dialer, certificate), nil
	case "activedirectoryoauth":
		return transport, bearer(request, func() (string, error) { return o.directoryToken(ctx, c, a) })
	case "managedserviceidentity":
		return transport, bearer(request, func() (string, error) { return o.identityToken(ctx, c, a, r) })
	}
	return transport, nil
}

// check finds what is missing of an authentication before anything is sent: a type of
// another name, a member that its type needs.
func (o object) check() error {
	switch kind := o.kind(); kind {
	case "", "none", "managedserviceidentity":
		return nil
	case "basic":
		return o.present("username", "password")
	case "raw":
		if err := o.require("value"); err != nil {
			return err
		}
		if !connector.ValidHeader("Authorization", o.text("value")) {
			return invalidf("the value of the 'Raw' authentication is not a valid header.")
		}
		return nil
	case "clientcertificate":
		return o.require("pfx")
	case "activedirectoryoauth":
		secret := "secret"
		if o.text("pfx") != "" || strings.EqualFold(o.text("credentialType"), "Certificate") {
			secret = "pfx"
		}
		return o.require("tenant", "audience", "clientId", secret)
	}
	return invalidf("the authentication type '%s' is not one of None, Basic, Raw, ClientCertificate, ActiveDirectoryOAuth, ManagedServiceIdentity.", o.text("type"))
}

func (o object) kind() string { return strings.ToLower(o.text("type")) }

func bearer(request *http.Request, token func() (string, error)) error {
	text, err := token()
	if err != nil {
		return err
	}
	if !connector.ValidHeader("Authorization", text) {
		return &authError{code: codeUnauthorized, message: "Http request failed: the token that was issued is not a valid header."}
	}
	request.Header.Set("Authorization", "Bearer "+text)
	return nil
}

// identityToken asks for a token of the workflow's managed identity. Without an
// audience it is for the origin of the request.
func (o *Operation) identityToken(ctx context.Context, c connector.Call, a object, r *Request) (string, error) {
	if o.options.ManagedIdentity == nil {
		return "", &authError{code: codeNoIdentity, message: "Http request failed: the action authenticates with a managed identity, but this server has no identity provider for workflows. Use another authentication type, or configure one."}
	}
	audience := a.text("audience")
	if audience == "" {
		audience = r.URL.Scheme + "://" + r.URL.Host
	}
	token, _, err := o.options.ManagedIdentity.Token(ctx, c.Workflow, a.text("identity"), audience)
	if err != nil {
		return "", &authError{code: codeUnauthorized, message: "Http request failed as there is an error getting a token of the managed identity: '" + err.Error() + "'."}
	}
	return token, nil
}

// readPFX opens a base64 PKCS #12 file: one key, its certificate, and its chain.
func readPFX(text, password string) (*tls.Certificate, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, invalidf("the 'pfx' of the authentication is not valid base64.")
	}
	key, leaf, chain, err := pkcs12.DecodeChain(raw, password)
	if err != nil {
		return nil, invalidf("the 'pfx' of the authentication cannot be read: the file or its password is wrong.")
	}
	certificate := &tls.Certificate{PrivateKey: key}
	all := append([]*x509.Certificate{leaf}, chain...)
	slices.SortStableFunc(all, func(a, b *x509.Certificate) int { return belongs(b, key) - belongs(a, key) })
	certificate.Leaf = all[0]
	for _, x := range all {
		certificate.Certificate = append(certificate.Certificate, x.Raw)
	}
	return certificate, nil
}

// belongs is 1 for the certificate of a key, which a file need not have first.
func belongs(c *x509.Certificate, key any) int {
	public, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	private, signs := key.(crypto.Signer)
	if ok && signs && public.Equal(private.Public()) {
		return 1
	}
	return 0
}

// object reads the members of an evaluated object as text.
type object struct{ v expr.Value }

func (o object) text(name string) string {
	v, _ := o.v.Get(name)
	return v.Text()
}

// present wants members that may be empty, such as the password that goes with a key.
func (o object) present(names ...string) error {
	for _, name := range names {
		if v, _ := o.v.Get(name); v.IsNull() {
			return invalidf("the '%s' of the '%s' authentication is missing.", name, o.text("type"))
		}
	}
	return nil
}

func (o object) require(names ...string) error {
	for _, name := range names {
		if o.text(name) == "" {
			return invalidf("the '%s' of the '%s' authentication is missing.", name, o.text("type"))
		}
	}
	return nil
}

func tokenFailure(format string, args ...any) error {
	return &authError{code: codeUnauthorized, message: "Http request failed as there is an error getting AD OAuth token: '" + fmt.Sprintf(format, args...) + "'."}
}
