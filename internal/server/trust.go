package server

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"isle/internal/arm"
	"isle/internal/identity"
)

// operatorName is the name of the first client.
const operatorName = "Isle operator"

// caFile is where clients find the certificate of the server's authority.
func (s *Server) caFile() string { return filepath.Join(s.config.Data, "ca.pem") }

// openTLS opens the certificate authority and writes its certificate for clients.
func (s *Server) openTLS(ctx context.Context, bound net.Addr) error {
	var hosts []string
	if u, err := url.Parse(s.base); err == nil {
		hosts = append(hosts, u.Hostname())
	}
	if address, ok := bound.(*net.TCPAddr); ok && !address.IP.IsUnspecified() {
		hosts = append(hosts, address.IP.String())
	}
	hosts = append(hosts, s.config.AllowedHosts...)
	var err error
	s.authority, err = identity.OpenAuthority(ctx, identity.AuthorityConfig{
		Store: s.store, Hosts: hosts, CertFile: s.config.TLSCert, KeyFile: s.config.TLSKey, Clock: s.config.Clock,
	})
	if err != nil {
		return err
	}
	s.tls = s.authority.TLSConfig()
	return os.WriteFile(s.caFile(), s.authority.CA(), 0o644)
}

// rootCAs are whom the Http action trusts: the system's authorities, and Isle's own
// for calls from workflow to workflow.
func (s *Server) rootCAs() *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if s.authority != nil {
		pool.AppendCertsFromPEM(s.authority.CA())
	}
	return pool
}

// firstOperator makes the first client. When there is one already, operator.json was
// lost: its secret is replaced.
func (s *Server) firstOperator(ctx context.Context) (Operator, error) {
	made, err := s.issuer.Bootstrap(ctx, operatorName, s.own)
	if err != nil {
		return Operator{}, err
	}
	if made == nil {
		renewed, err := s.issuer.NewSecret(ctx, "")
		if err != nil {
			return Operator{}, err
		}
		s.log.Warn("operator.json was missing: the operator has a new secret, the old one is refused")
		made = &renewed
	}
	return Operator{ClientID: made.ClientID, ClientSecret: made.Secret}, nil
}

// principal is the operator, for what the server reads on its own.
func (s *Server) principal() arm.Principal {
	p, _ := s.issuer.Principal(s.operator.ClientID)
	return p
}

// maintainEvery is how often the server looks after what gets old.
const maintainEvery = time.Hour

// maintain keeps the server tidy from its start until the context ends: it rotates the
// token issuer's keys when they are due, deletes operations and runs that ended long ago,
// and removes contents that nothing names.
func (s *Server) maintain(ctx context.Context) {
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	for {
		err := s.runner.Purge(ctx)
		removed, collecting := s.store.Collect(ctx)
		err = errors.Join(err, collecting, s.issuer.Maintain(ctx), s.manager.Maintain(ctx))
		if err != nil && ctx.Err() == nil {
			s.log.Error("maintenance", "error", err)
		}
		if removed > 0 {
			s.log.Info("contents that nothing names are gone", "files", removed)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
