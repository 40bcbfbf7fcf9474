package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"isle/internal/store"
)

const (
	authoritySetting = "identity/authority"
	serverSetting    = "identity/server"

	authorityLife = 10 * 365 * 24 * time.Hour
	// ServerLife is how long a server's certificate lives; clients refuse longer ones
	// than 398 days.
	ServerLife = 396 * 24 * time.Hour
	// renewBefore its end a certificate is replaced.
	renewBefore = 60 * 24 * time.Hour
	// backdate lets clients with a slow clock in.
	backdate = time.Hour
	// lookEvery is how often files of an own certificate are looked at for a new one.
	lookEvery = time.Minute
)

// AuthorityConfig is what the server's certificate needs.
type AuthorityConfig struct {
	Store *store.Store
	// Hosts are further names and addresses that the certificate is for, besides
	// localhost, 127.0.0.1 and ::1.
	Hosts []string
	// CertFile and KeyFile are PEM files of an own certificate; both or none. They are
	// read again when they change.
	CertFile, KeyFile string
	Clock             func() time.Time // nil is time.Now
}

// Authority gives the server its certificate: its own authority's, made on first
// start and renewed before it ends, or one from files. Safe for concurrent use.
type Authority struct {
	config AuthorityConfig
	db     *store.DB
	ca     pair

	current  atomic.Pointer[tls.Certificate]
	renewing sync.Mutex // held while current is replaced; guards what follows
	looked   time.Time
	changed  time.Time // of CertFile, when it was read

	making sync.Mutex
	locals map[string]*tls.Certificate // by address; guarded by making
}

// pair is a stored certificate with its key.
type pair struct {
	Certificate []byte `json:"certificate"` // DER
	Key         []byte `json:"key"`         // PKCS #8

	parsed  *x509.Certificate
	private *ecdsa.PrivateKey
}

func (p *pair) load() (err error) {
	if p.parsed, err = x509.ParseCertificate(p.Certificate); err != nil {
		return err
	}
	key, err := x509.ParsePKCS8PrivateKey(p.Key)
	if err != nil {
		return err
	}
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return errors.New("identity: the stored key is not an ECDSA key")
	}
	p.private = private
	return nil
}

// OpenAuthority reads or makes the authority and the server's certificate.
func OpenAuthority(ctx context.Context, c AuthorityConfig) (*Authority, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		return nil, errors.New("identity: an own certificate needs both files, certificate and key")
	}
	a := &Authority{config: c, db: c.Store.Control()}
	if err := a.openCA(ctx); err != nil {
		return nil, err
	}
	if c.CertFile != "" {
		return a, a.readFiles()
	}
	var server pair
	err := readSetting(ctx, a.db, serverSetting, &server)
	if err == nil {
		err = server.load()
	}
	if err == nil && a.fits(server.parsed) {
		a.use(server)
		return a, nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("identity: server certificate: %w", err)
	}
	return a, a.renew(ctx)
}

// CA is the authority's certificate as PEM: what clients must trust.
func (a *Authority) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.ca.Certificate})
}

// TLSConfig is the server's: TLS 1.2 or newer.
func (a *Authority) TLSConfig() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: a.certificate, NextProtos: []string{"h2", "http/1.1"}}
}

// certificate gives the certificate of a handshake, renewed when it is due. A failed
// renewal keeps the old one, as long as it lives.
func (a *Authority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if at := a.unnamed(hello); at != nil {
		return a.local(at)
	}
	now := a.config.Clock()
	current := a.current.Load()
	due := now.After(current.Leaf.NotAfter.Add(-renewBefore))
	if !due && a.config.CertFile == "" || !a.renewing.TryLock() {
		return current, nil
	}
	defer a.renewing.Unlock()
	var err error
	if a.config.CertFile == "" {
		err = a.renew(context.Background()) // it outlives the handshake that found it due
	} else if now.Sub(a.looked) >= lookEvery {
		err = a.readFiles()
	}
	if current = a.current.Load(); err != nil && now.After(current.Leaf.NotAfter) {
		return nil, err
	}
	return current, nil
}

func (a *Authority) openCA(ctx context.Context) error {
	err := readSetting(ctx, a.db, authoritySetting, &a.ca)
	switch {
	case err == nil:
		err = a.ca.load()
	case errors.Is(err, store.ErrNotFound):
		now := a.config.Clock()
		a.ca, err = a.make(ctx, authoritySetting, &x509.Certificate{
			Subject:               pkix.Name{CommonName: "Isle " + now.UTC().Format("2006-01-02 15:04:05"), Organization: []string{"Isle"}},
			NotBefore:             now.Add(-backdate),
			NotAfter:              now.Add(authorityLife),
			IsCA:                  true,
			BasicConstraintsValid: true,
			MaxPathLenZero:        true,
			KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		}, nil)
	}
	if err != nil {
		return fmt.Errorf("identity: certificate authority: %w", err)
	}
	return nil
}

// serverTemplate is a certificate of the server that begins now, still without hosts.
func serverTemplate(name string, now time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name, Organization: []string{"Isle"}},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(ServerLife),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

// renew makes a new certificate for the server.
func (a *Authority) renew(ctx context.Context) error {
	now := a.config.Clock()
	template := serverTemplate("localhost", now)
	for _, host := range a.hosts() {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	made, err := a.make(ctx, serverSetting, template, &a.ca)
	if err != nil {
		return fmt.Errorf("identity: server certificate: %w", err)
	}
	a.use(made)
	return nil
}

// hosts are the names and addresses of the certificate, each once.
func (a *Authority) hosts() []string {
	all := []string{"localhost", "127.0.0.1", "::1"}
	for _, host := range a.config.Hosts {
		host = strings.Trim(strings.ToLower(host), "[]")
		ip := net.ParseIP(host)
		if host == "" || ip != nil && ip.IsUnspecified() || slices.Contains(all, host) {
			continue
		}
		all = append(all, host)
	}
	return all
}

// fits tells whether a stored certificate is still the right one.
func (a *Authority) fits(c *x509.Certificate) bool {
	now := a.config.Clock()
	if now.Before(c.NotBefore) || now.After(c.NotAfter.Add(-renewBefore)) || c.CheckSignatureFrom(a.ca.parsed) != nil {
		return false
	}
	for _, host := range a.hosts() {
		if c.VerifyHostname(host) != nil {
			return false
		}
	}
	return true
}

// make makes a key and its certificate, signed by issuer or by itself, and stores
// both.
func (a *Authority) make(ctx context.Context, setting string, template *x509.Certificate, issuer *pair) (pair, error) {
	made, err := issue(template, issuer)
	if err != nil {
		return pair{}, err
	}
	return made, writeSetting(ctx, a.db, setting, made)
}

// issue makes a key and its certificate, signed by issuer or by itself.
func issue(template *x509.Certificate, issuer *pair) (made pair, err error) {
	made.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return pair{}, err
	}
	parent, signer := template, made.private
	if issuer != nil {
		parent, signer = issuer.parsed, issuer.private
	}
	if made.Certificate, err = x509.CreateCertificate(rand.Reader, template, parent, &made.private.PublicKey, signer); err != nil {
		return pair{}, err
	}
	if made.Key, err = x509.MarshalPKCS8PrivateKey(made.private); err != nil {
		return pair{}, err
	}
	return made, made.load()
}

// use makes a certificate current.
func (a *Authority) use(p pair) { a.current.Store(a.chain(p)) }

// chain is a certificate as handshakes show it. The authority's goes along, so that a
// client that pins it by name can build the chain.
func (a *Authority) chain(p pair) *tls.Certificate {
	return &tls.Certificate{Certificate: [][]byte{p.Certificate, a.ca.Certificate}, PrivateKey: p.private, Leaf: p.parsed}
}

// unnamed is the address at which a caller has come who asked for no name, as those do
// whose URL has an address: an access endpoint's inside a virtual network, for one. Nil
// if the certificate has that address, or is the operator's own.
func (a *Authority) unnamed(hello *tls.ClientHelloInfo) net.IP {
	if hello.ServerName != "" || hello.Conn == nil || a.config.CertFile != "" {
		return nil
	}
	at, ok := hello.Conn.LocalAddr().(*net.TCPAddr)
	if !ok || at.IP.IsUnspecified() || at.IP.IsLoopback() || a.current.Load().Leaf.VerifyHostname(at.IP.String()) == nil {
		return nil
	}
	return at.IP
}

// local is the certificate of an address at which this server is reached: there are as
// many as it has, and each is made when somebody first asks.
func (a *Authority) local(at net.IP) (*tls.Certificate, error) {
	now, name := a.config.Clock(), at.String()
	a.making.Lock()
	defer a.making.Unlock()
	if made := a.locals[name]; made != nil && now.Before(made.Leaf.NotAfter.Add(-renewBefore)) {
		return made, nil
	}
	template := serverTemplate(name, now)
	template.IPAddresses = []net.IP{at}
	made, err := issue(template, &a.ca)
	if err != nil {
		return nil, fmt.Errorf("identity: certificate of %s: %w", name, err)
	}
	if a.locals == nil {
		a.locals = map[string]*tls.Certificate{}
	}
	a.locals[name] = a.chain(made)
	return a.locals[name], nil
}

// readFiles reads the own certificate, if its file has changed.
func (a *Authority) readFiles() error {
	a.looked = a.config.Clock()
	info, err := os.Stat(a.config.CertFile)
	if err != nil {
		return fmt.Errorf("identity: own certificate: %w", err)
	}
	if a.current.Load() != nil && info.ModTime().Equal(a.changed) {
		return nil
	}
	loaded, err := tls.LoadX509KeyPair(a.config.CertFile, a.config.KeyFile)
	if err == nil && loaded.Leaf == nil {
		loaded.Leaf, err = x509.ParseCertificate(loaded.Certificate[0])
	}
	if err != nil {
		return fmt.Errorf("identity: own certificate: %w", err)
	}
	a.changed = info.ModTime()
	a.current.Store(&loaded)
	return nil
}
