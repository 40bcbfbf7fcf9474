package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/miekg/dns"

	"isle/internal/dataplane"
	"isle/internal/logic"
	"isle/internal/store"
)

// What a cloud has as services of their own, an environment has here: its database,
// its content files, the token issuer. A probe uses one as the environment does.

// probeTimeout bounds what a probe waits for.
const probeTimeout = 2 * time.Second

// probes are the live probes of the roles, by their names.
func (s *Server) probes() map[string]logic.Probe {
	return map[string]logic.Probe{
		"database":       s.probeDatabase,
		"contents":       s.probeContents,
		"issuer":         s.probeIssuer,
		"connectors":     s.probeConnectors,
		"controlPlane":   s.probeControlPlane,
		"telemetry":      s.probeTelemetry,
		"cache":          s.probeCache,
		"accessEndpoint": s.probeAccessEndpoint,
		"dns":            s.probeDNS,
	}
}

// folder is where the environment's database and contents are. It is an error if they
// are gone: to open them would make them anew.
func (s *Server) folder(environment string) (string, error) {
	if !slices.Contains(s.store.Environments(), environment) {
		return "", errors.New("the environment has no database")
	}
	return filepath.Join(s.config.Data, "environments", environment), nil
}

func (s *Server) probeDatabase(ctx context.Context, environment string) error {
	if _, err := s.folder(environment); err != nil {
		return err
	}
	db, err := s.store.Environment(ctx, environment)
	if err != nil {
		return err
	}
	return db.Read(ctx, func(tx *store.Tx) error {
		_, err := tx.NextWake()
		return err
	})
}

// probeContents makes a file where contents are written, and removes it. Their folder
// is made with the first one.
func (s *Server) probeContents(_ context.Context, environment string) error {
	folder, err := s.folder(environment)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Join(folder, "contents"), ".probe-*")
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.CreateTemp(folder, ".probe-*")
	}
	if err != nil {
		return fmt.Errorf("contents cannot be written: %w", withoutPath(err))
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// withoutPath is the cause of a file's error: where the data are is nobody's business.
func withoutPath(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// probeIssuer reads the discovery document of the token issuer.
func (s *Server) probeIssuer(ctx context.Context, _ string) error {
	return s.answers(ctx, "/"+s.issuer.Tenant()+"/v2.0/.well-known/openid-configuration")
}

func (s *Server) probeControlPlane(ctx context.Context, _ string) error {
	return s.answers(ctx, "/metadata/endpoints?api-version=2022-09-01")
}

// answers asks this server in the process.
func (s *Server) answers(ctx context.Context, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+path, nil)
	if err != nil {
		return err
	}
	w := &statusWriter{header: http.Header{}, status: http.StatusOK}
	s.handler.ServeHTTP(w, request)
	if w.status != http.StatusOK {
		return fmt.Errorf("it answers %d %s", w.status, http.StatusText(w.status))
	}
	return nil
}

// statusWriter keeps the status of an answer and nothing else.
type statusWriter struct {
	header http.Header
	status int
}

func (w *statusWriter) Header() http.Header         { return w.header }
func (w *statusWriter) WriteHeader(status int)      { w.status = status }
func (w *statusWriter) Write(b []byte) (int, error) { return len(b), nil }

// probeConnectors: operations run in this process, so it is enough that there are any.
func (s *Server) probeConnectors(context.Context, string) error {
	if len(s.operations) == 0 {
		return errors.New("the server has no operations")
	}
	return nil
}

// probeTelemetry: what the server tells of itself goes to its log, which has nobody to
// report to, and to the flow log.
func (s *Server) probeTelemetry(context.Context, string) error {
	if s.flows == nil || s.flows.file == nil {
		return nil
	}
	if _, err := os.Stat(s.config.FlowLog); err != nil {
		return fmt.Errorf("the flow log cannot be written: %w", withoutPath(err))
	}
	return nil
}

// probeCache looks a workflow up that is in no cache, which then asks what is behind it.
func (s *Server) probeCache(ctx context.Context, _ string) error {
	const nobody = "00000000000000000000000000000000"
	if _, err := s.workflows.ByFlowID(ctx, nobody); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// probeAccessEndpoint makes a TLS handshake with the server's own listener. Whose
// certificate it shows is not the question: it may be one for a public name.
func (s *Server) probeAccessEndpoint(ctx context.Context, _ string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	name := ""
	if u, err := url.Parse(s.base); err == nil {
		name = u.Hostname()
	}
	d := tls.Dialer{Config: &tls.Config{ServerName: name, MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}} //nolint:gosec // see above
	c, err := d.DialContext(ctx, "tcp", s.operator.Address)
	if err != nil {
		return err
	}
	return c.Close()
}

// probeDNS asks each of the environment's name servers, from its first subnet, for the
// name servers of the root: any answer is one.
func (s *Server) probeDNS(ctx context.Context, environment string) error {
	in, err := s.logic.Placement(environment)
	if err != nil || in == nil || len(in.DNS) == 0 {
		return err // nil: the host's resolver, which is asked by name only
	}
	dialer := s.network.Dialer(environment, dataplane.SubnetBuiltIn)
	var found []error
	for _, server := range in.DNS {
		if err := askNameServer(ctx, dialer, server); err != nil {
			found = append(found, fmt.Errorf("the DNS server %s does not answer: %w", server, err))
		}
	}
	return errors.Join(found...)
}

func askNameServer(ctx context.Context, dialer dataplane.Dialer, server netip.Addr) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	c, err := dialer.Dial(ctx, "udp", net.JoinHostPort(server.String(), "53"))
	if err != nil {
		return err
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	if err := c.SetDeadline(deadline); err != nil {
		return err
	}
	wire := dns.Conn{Conn: c}
	if err := wire.WriteMsg(new(dns.Msg).SetQuestion(".", dns.TypeNS)); err != nil {
		return err
	}
	_, err = wire.ReadMsg()
	return err
}

// watchEvery is how often network health is looked at. A change that nobody asks after
// is noted within this time.
const watchEvery = 2 * time.Second

// watchHealth notes changes of the environments' network health from the server's start
// until the context ends. What fails again and again is logged once.
func (s *Server) watchHealth(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	logged := ""
	for {
		failed := ""
		if err := s.logic.WatchHealth(ctx); err != nil && ctx.Err() == nil {
			failed = err.Error()
		}
		if failed != "" && failed != logged {
			s.log.Error("network health", "error", failed)
		}
		logged = failed
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
