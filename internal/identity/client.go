package identity

import (
	"context"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

// client is an application with its service principal.
type client struct {
	ID        string      `json:"id"`     // application id
	Object    string      `json:"object"` // of the service principal
	Name      string      `json:"name"`
	Created   time.Time   `json:"created,omitzero"`
	Secrets   []secret    `json:"secrets,omitempty"`
	Keys      []clientKey `json:"keys,omitempty"`
	Redirects []string    `json:"redirects,omitempty"` // where people may be sent back to
	Public    bool        `json:"public,omitempty"`    // people may sign in to it without a secret of its own

	// pages: the client is a page of this server (see portal.go); never stored.
	pages bool

	// Old is the one secret of version 1; upgrade moves it.
	Old *hash `json:"hash,omitempty"`
}

// secret is one of a client's secrets: its hash.
type secret struct {
	ID      string    `json:"id"`
	Name    string    `json:"name,omitempty"`
	Hint    string    `json:"hint,omitempty"` // its first three characters, as the original shows them
	Hash    hash      `json:"hash"`
	Created time.Time `json:"created,omitzero"`
	Ends    time.Time `json:"ends,omitzero"` // zero: never
}

// clientKey is a certificate whose key a client signs assertions with.
type clientKey struct {
	ID    string    `json:"id"`
	Name  string    `json:"name,omitempty"`
	Thumb string    `json:"thumb"` // SHA-1 of the certificate, in base64url, as x5t has it
	DER   []byte    `json:"der"`
	Ends  time.Time `json:"ends"`
}

// Bounds of a directory.
const (
	maxClients = 10_000
	maxUsers   = 10_000
	maxSecrets = 10 // of one client
	maxKeys    = 10
)

// defaultSecretLife is how long a secret is good that is made without an end.
const defaultSecretLife = 2 * 365 * 24 * time.Hour

// upgrade brings what version 1 had into today's form.
func (d *directory) upgrade() {
	for i := range d.Clients {
		if old := d.Clients[i].Old; old != nil {
			d.Clients[i].Secrets = append(d.Clients[i].Secrets, secret{ID: arm.NewGUID(), Hash: *old})
			d.Clients[i].Old = nil
		}
	}
	d.Version = directoryVersion
}

func (c client) principal(tenant string) arm.Principal {
	return arm.Principal{ID: c.Object, Client: c.ID, Tenant: tenant, Name: c.Name}
}

// client finds an application by its id.
func (d *directory) client(id string) (client, bool) {
	return d.findClient(func(c client) bool { return strings.EqualFold(c.ID, id) })
}

// clientOf finds an application by the object id of its service principal.
func (d *directory) clientOf(object string) (client, bool) {
	return d.findClient(func(c client) bool { return strings.EqualFold(c.Object, object) })
}

func (d *directory) findClient(is func(client) bool) (client, bool) {
	i := slices.IndexFunc(d.Clients, is)
	if i < 0 {
		return client{}, false
	}
	return d.Clients[i], true
}

// valid are the secrets that have not ended.
func (c client) valid(now time.Time) []secret {
	return slices.DeleteFunc(slices.Clone(c.Secrets), func(s secret) bool { return !s.Ends.IsZero() && now.After(s.Ends) })
}

// CreateClient makes a client without any role, with a secret that never ends.
func (s *Service) CreateClient(ctx context.Context, name string) (Credentials, error) {
	c, creds, err := s.newClient(name)
	if err != nil {
		return Credentials{}, err
	}
	return creds, s.addClient(ctx, c)
}

func (s *Service) addClient(ctx context.Context, c client) error {
	return s.change(ctx, func(d *directory) error {
		if len(d.Clients) >= maxClients {
			return fmt.Errorf("%w: there are %d applications, the most there can be", errRefused, maxClients)
		}
		d.Clients = append(slices.Clone(d.Clients), c)
		return nil
	})
}

// errRefused is a change that the directory's rules do not allow; what follows says why.
var errRefused = errors.New("refused")

func (s *Service) newClient(name string) (client, Credentials, error) {
	text, made, err := newSecret("", s.now(), time.Time{})
	if err != nil {
		return client{}, Credentials{}, err
	}
	c := client{ID: arm.NewGUID(), Object: arm.NewGUID(), Name: name, Created: s.now(), Secrets: []secret{made}}
	return c, Credentials{c.ID, c.Object, text}, nil
}

func newSecret(name string, now, ends time.Time) (string, secret, error) {
	text := randomText(32)
	for text[0] == '-' || text[0] == '_' { // a command line takes it for an option
		text = randomText(32)
	}
	hashed, err := hashSecret(text)
	return text, secret{ID: arm.NewGUID(), Name: name, Hint: text[:3], Hash: hashed, Created: now, Ends: ends}, err
}

// NewSecret replaces the secrets of a client, or of the first one if id is "": the old
// ones are refused from then on. store.ErrNotFound if there is no such client.
func (s *Service) NewSecret(ctx context.Context, id string) (creds Credentials, err error) {
	text, made, err := newSecret("", s.now(), time.Time{})
	if err != nil {
		return Credentials{}, err
	}
	err = s.change(ctx, func(d *directory) error {
		if id == "" && len(d.Clients) > 0 {
			id = d.Clients[0].ID
		}
		return d.editClient(id, func(c *client) error {
			c.Secrets = []secret{made}
			creds = Credentials{c.ID, c.Object, text}
			return nil
		})
	})
	return creds, err
}

// editClient changes one client of a directory that is about to be stored.
func (d *directory) editClient(id string, edit func(*client) error) error {
	d.Clients = slices.Clone(d.Clients)
	for i := range d.Clients {
		if strings.EqualFold(d.Clients[i].ID, id) {
			return edit(&d.Clients[i])
		}
	}
	return store.ErrNotFound
}

// AddSecret gives a client one more secret; ends zero is two years from now.
func (s *Service) AddSecret(ctx context.Context, id, name string, ends time.Time) (string, secret, error) {
	now := s.now()
	if ends.IsZero() {
		ends = now.Add(defaultSecretLife)
	}
	text, made, err := newSecret(name, now, ends)
	if err != nil {
		return "", secret{}, err
	}
	return text, made, s.change(ctx, func(d *directory) error {
		return d.editClient(id, func(c *client) error {
			if !ends.After(now) {
				return fmt.Errorf("%w: the end of the secret must be in the future", errRefused)
			}
			c.Secrets = append(c.valid(now), made)
			if len(c.Secrets) > maxSecrets {
				return fmt.Errorf("%w: an application has at most %d secrets: remove one", errRefused, maxSecrets)
			}
			return nil
		})
	})
}

// removeCredential takes a secret or a certificate from a client.
func (s *Service) removeCredential(ctx context.Context, id, credential string) error {
	return s.change(ctx, func(d *directory) error {
		return d.editClient(id, func(c *client) error {
			before := len(c.Secrets) + len(c.Keys)
			c.Secrets = slices.DeleteFunc(slices.Clone(c.Secrets), func(x secret) bool { return strings.EqualFold(x.ID, credential) })
			c.Keys = slices.DeleteFunc(slices.Clone(c.Keys), func(x clientKey) bool { return strings.EqualFold(x.ID, credential) })
			if len(c.Secrets)+len(c.Keys) == before {
				return store.ErrNotFound
			}
			return nil
		})
	})
}

// readCertificate reads a certificate, PEM or DER: its RSA key is what assertions are
// signed with.
func readCertificate(name string, content []byte) (clientKey, error) {
	if block, _ := pem.Decode(content); block != nil {
		content = block.Bytes
	}
	certificate, err := x509.ParseCertificate(content)
	if err != nil {
		return clientKey{}, fmt.Errorf("%w: it is no certificate: give a PEM file or base64 of DER", errRefused)
	}
	if public, ok := certificate.PublicKey.(*rsa.PublicKey); !ok || public.N.BitLen() < 2048 {
		return clientKey{}, fmt.Errorf("%w: the certificate must have an RSA key of 2048 bits or more", errRefused)
	}
	sum := sha1.Sum(certificate.Raw) // x5t is SHA-1 by its definition (RFC 7515 §4.1.7); it only names the certificate
	if name == "" {
		name = certificate.Subject.String()
	}
	return clientKey{ID: arm.NewGUID(), Name: name, Thumb: base64.RawURLEncoding.EncodeToString(sum[:]), DER: certificate.Raw, Ends: certificate.NotAfter}, nil
}

// setKeys gives a client its certificates; those it has keep their ids.
func (c *client) setKeys(next []clientKey) error {
	if len(next) > maxKeys {
		return fmt.Errorf("%w: an application has at most %d certificates", errRefused, maxKeys)
	}
	for i := range next {
		for _, old := range c.Keys {
			if old.Thumb == next[i].Thumb {
				next[i].ID = old.ID
			}
		}
	}
	c.Keys = next
	return nil
}

// AddCertificate lets a client sign in with the key of a certificate, PEM or DER.
func (s *Service) AddCertificate(ctx context.Context, id string, content []byte) error {
	key, err := readCertificate("", content)
	if err != nil {
		return err
	}
	return s.change(ctx, func(d *directory) error {
		return d.editClient(id, func(c *client) error { return c.setKeys(append(slices.Clone(c.Keys), key)) })
	})
}

// checkRedirect judges a URL that people are sent back to: https, or http on this
// machine, or a scheme of an app's own.
func checkRedirect(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "" || u.Fragment != "" || u.Scheme == "javascript" || u.Scheme == "data" || len(text) > 1024:
	case u.Scheme == "https" && u.Host != "", u.Scheme == "http" && isLoopback(u.Host), u.Scheme != "http" && u.Scheme != "https":
		return nil
	}
	return fmt.Errorf("%w: '%.200s' cannot be a redirect URI: give an https URL, or http on localhost", errRefused, text)
}

// mayReturn tells whether people who sign in to the client may be sent back to a URL:
// one that is registered, on loopback with any port.
func (c client) mayReturn(target string) bool {
	u, err := url.Parse(target)
	if err != nil || checkRedirect(target) != nil {
		return false
	}
	return slices.ContainsFunc(c.Redirects, func(r string) bool {
		known, err := url.Parse(r)
		if err != nil || r == target {
			return err == nil
		}
		// A native app listens on a port that it finds free (RFC 8252 §7.3).
		return known.Scheme == "http" && u.Scheme == "http" && isLoopback(known.Host) && strings.EqualFold(known.Hostname(), u.Hostname()) &&
			strings.TrimSuffix(known.Path, "/") == strings.TrimSuffix(u.Path, "/") && u.User == nil
	})
}

// wellKnown are the public clients that people use from the start: the portal, the az
// CLI, Azure PowerShell, Visual Studio Code and the SDKs' interactive credentials, which
// go by the id of the CLI.
func wellKnown(id string) (client, bool) {
	names := map[string]string{
		"04b07795-8ddb-461a-bbee-02f9e1bf7b46": "Microsoft Azure CLI",
		"1950a258-227b-4e31-a9cf-717495945fc2": "Microsoft Azure PowerShell",
		"aebc6443-996d-45c2-90f0-388ff96faa56": "Visual Studio Code",
	}
	id = strings.ToLower(id)
	if id == PortalClient {
		return client{ID: id, Name: "Isle portal", Public: true, pages: true}, true
	}
	name, ok := names[id]
	return client{ID: id, Name: name, Public: true, Redirects: []string{"http://localhost", "http://127.0.0.1"}}, ok
}
