package server

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A client that sends its whole body before it reads gets the refusal.
func TestRefusalReachesAClientThatSendsAllFirst(t *testing.T) {
	server := httptest.NewTLSServer(lingering(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	})))
	defer server.Close()
	c, err := tls.Dial("tcp", server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true}) // the test's own certificate
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const size = 16 << 20
	fmt.Fprintf(c, "PUT / HTTP/1.1\r\nHost: isle\r\nContent-Length: %d\r\n\r\n", size)
	part := make([]byte, 1<<20)
	for range size >> 20 {
		if _, err := c.Write(part); err != nil {
			t.Fatal("the connection was closed while the client sent:", err)
		}
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", res.StatusCode)
	}
}
