package server

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isle/internal/store"
)

func start(t *testing.T, data string) *Server {
	t.Helper()
	s, err := Start(t.Context(), Config{Data: data, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t testing.TB, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hanging)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
}

// hanging is when a test that waits has hung: no machine that runs the tests is so slow.
const hanging = 3 * time.Minute

// eventually polls until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hanging); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never comes true that %s", what)
		}
	}
}

// A connection that was opened in advance does not delay the end. The machine may: then
// it is tried again.
func TestCloseDoesNotWaitForUnusedConnections(t *testing.T) {
	var took time.Duration
	for range 5 {
		if took = closeBesideUnused(t); took < 4*time.Second { // Shutdown alone takes five
			return
		}
	}
	t.Errorf("closing took %v", took)
}

// closeBesideUnused is how long a server takes to close that has a connection on which
// nothing was said, and one that began TLS and asked nothing.
func closeBesideUnused(t *testing.T) time.Duration {
	s := start(t, t.TempDir())
	u, err := url.Parse(s.Operator().Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", "127.0.0.1:"+u.Port())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	begun, err := net.Dial("tcp", "127.0.0.1:"+u.Port())
	if err != nil {
		t.Fatal(err)
	}
	defer begun.Close()
	if _, err := begun.Write([]byte{tlsHandshake}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server has accepted the connection", func() bool {
		s.unused.mu.Lock()
		defer s.unused.mu.Unlock()
		return len(s.unused.conns) == 1
	})
	began := time.Now()
	stop(t, s)
	return time.Since(began)
}

// A process that died between putting a content and the commit that names it leaves a
// file; the next one removes it, and keeps those that have names.
func TestContentsThatNothingNamesGo(t *testing.T) {
	data := t.TempDir()
	stop(t, start(t, data))

	st, err := store.Open(t.Context(), data, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := st.Environment(t.Context(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	var named store.Content
	for _, id := range []string{"forgotten", "named"} {
		if named, err = db.PutContent(t.Context(), "run", id, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.NameContent(named) }); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if n := contentFiles(t, data); n != 2 {
		t.Fatalf("%d content files", n)
	}
	start(t, data)
	eventually(t, "the forgotten content is gone", func() bool { return contentFiles(t, data) == 1 })
}

// A management body that trickles in is cut off, and so is its handler's reading.
func TestASlowBodyIsCutOff(t *testing.T) {
	ended := make(chan error, 1)
	h := httptest.NewServer(timely(50*time.Millisecond, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		ended <- err
	})))
	defer h.Close()
	conn, err := net.Dial("tcp", h.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the body ended with %v", err)
	}
}

// Headers that trickle in, and connections that do nothing, have an end as well.
func TestSlowClientsAreBounded(t *testing.T) {
	s := start(t, t.TempDir())
	for _, h := range s.http {
		if h.ReadHeaderTimeout <= 0 || h.IdleTimeout <= 0 || h.MaxHeaderBytes <= 0 {
			t.Errorf("no bound: %v %v %v", h.ReadHeaderTimeout, h.IdleTimeout, h.MaxHeaderBytes)
		}
	}
}

func contentFiles(t *testing.T, data string) (n int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(data, "environments", store.Shared, "contents"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
