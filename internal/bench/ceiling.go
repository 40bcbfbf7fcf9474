package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"time"

	"isle/internal/store"
)

// ceiling measures a bare handler: it reads the body, commits one run with as many
// bytes as a real one stores through the same group commit, and answers.
func ceiling(bytes, clients int, span time.Duration) (result, error) {
	dir, err := os.MkdirTemp("", "isle-ceiling-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	s, err := store.Open(ctx, dir, store.Options{})
	if err != nil {
		return result{}, err
	}
	defer s.Close()
	db, err := s.Environment(ctx, "shared")
	if err != nil {
		return result{}, err
	}
	payload := make([]byte, max(bytes, 1))
	if _, err := rand.Read(payload); err != nil {
		return result{}, err
	}
	var count atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		name := fmt.Sprintf("%029d", count.Add(1))
		err := db.Write(r.Context(), func(tx *store.Tx) error {
			return tx.CreateRun(store.Run{Name: name, Workflow: "ceiling", Status: "Succeeded", Start: time.Now(), End: time.Now(), Head: payload})
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"A-1","total":120,"tier":"big"}`))
	}))
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	r := request{client: newClient(pool), url: server.URL, body: []byte(`{"id":"A-1","qty":4,"price":30}`)}
	return load(r, clients, span), nil
}
