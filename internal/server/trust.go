package server

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"isle/internal/arm"
	"isle/internal/identity"
	"isle/internal/logic"
)

// operatorName is the name of the first client and of the first person, who signs in as
// operatorPerson.
const (
	operatorName   = "Isle operator"
	operatorPerson = "operator"
)

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

// roots are whom calls from environments trust: rootCAs, and the roots that the
// environment was given.
func (s *Server) roots() func(environment string) *x509.CertPool {
	type own struct {
		of   *logic.Placement
		pool *x509.CertPool
	}
	var mu sync.Mutex
	base, known := s.rootCAs(), map[string]own{} // known is guarded by mu
	return func(environment string) *x509.CertPool {
		in, _ := s.logic.Placement(environment) // not known: nobody is trusted besides
		mu.Lock()
		defer mu.Unlock()
		if in == nil || len(in.Trusted) == 0 {
			delete(known, environment)
			return base
		}
		if k := known[environment]; k.of == in {
			return k.pool
		}
		pool := base.Clone()
		for _, c := range in.Trusted {
			pool.AddCert(c)
		}
		known[environment] = own{in, pool}
		return pool
	}
}

// firstOperator makes the first client and the first person. When they are there already,
// operator.json was lost: their secrets are replaced.
func (s *Server) firstOperator(ctx context.Context) (storedOperator, error) {
	made, err := s.issuer.Bootstrap(ctx, operatorName, s.own("ServicePrincipal"))
	if err != nil {
		return storedOperator{}, err
	}
	if made == nil {
		renewed, err := s.issuer.NewSecret(ctx, "")
		if err != nil {
			return storedOperator{}, err
		}
		s.log.Warn("operator.json was missing: the operator has a new secret and a new password, the old ones are refused")
		made = &renewed
	}
	person, err := s.issuer.FirstPerson(ctx, operatorPerson, operatorName, s.own("User"))
	if err != nil {
		return storedOperator{}, err
	}
	o := storedOperator{Operator: Operator{ClientID: made.ClientID, ClientSecret: made.Secret, UserName: person.Name, Password: person.Password}}
	o.PasswordSet, _ = s.issuer.PasswordSet(person.Name)
	return o, nil
}

// currentPassword takes the person out of a file whose password is not theirs any more.
func (s *Server) currentPassword(o *storedOperator) {
	if set, there := s.issuer.PasswordSet(o.UserName); o.UserName != "" && (!there || !set.Equal(o.PasswordSet)) {
		o.UserName, o.Password = "", ""
	}
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
