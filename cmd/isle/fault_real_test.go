//go:build real && linux

package main

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"
)

// answerOf sends a request of a server that may refuse it, and gives status and body.
func answerOf(t *testing.T, ready map[string]string, path, body string) (int, string) {
	t.Helper()
	client := trusting(t, ready)
	var resp *http.Response
	var err error
	if body != "" {
		resp, err = client.Post(path, "application/json", strings.NewReader(body))
	} else {
		resp, err = client.Get(ready["endpoint"] + path)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	return resp.StatusCode, string(text)
}

// wantReason checks what /healthz says: the code of a reason, "" for none.
func wantReason(t *testing.T, ready map[string]string, code string) {
	t.Helper()
	var health struct {
		Status  string
		Reasons []struct{ Code, Environment, Message string }
	}
	status, text := answerOf(t, ready, "/healthz", "")
	if err := json.Unmarshal([]byte(text), &health); err != nil {
		t.Fatal(err)
	}
	if code == "" && (status != http.StatusOK || health.Status != "ok") {
		t.Errorf("%d %s", status, text)
	}
	if code != "" && (status != http.StatusServiceUnavailable || len(health.Reasons) == 0 || health.Reasons[0].Code != code || health.Reasons[0].Environment != "isle/isle" || health.Reasons[0].Message == "") {
		t.Errorf("%d %s", status, text)
	}
}

// untilHealthy waits until the server is well again, by itself.
func untilHealthy(t *testing.T, ready map[string]string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if status, text := answerOf(t, ready, "/healthz", ""); status == http.StatusOK {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("the server does not get well: %s", text)
		}
	}
}

const anOrder = `{"id":"A-1","qty":4,"price":30}`

// wantRefused checks that an order is refused for now, and that nothing of it is stored.
func wantRefused(t *testing.T, w *workspace, ready map[string]string, advice string) {
	t.Helper()
	before := strings.Count(w.succeed("bin/isle runs"), "order")
	if status, text := answerOf(t, ready, ready["callbackUrl"], anOrder); status != http.StatusServiceUnavailable || !strings.Contains(text, `"StorageUnavailable"`) || !strings.Contains(text, advice) {
		t.Errorf("%d %s", status, text)
	}
	if after := strings.Count(w.succeed("bin/isle runs"), "order"); after != before {
		t.Errorf("a refused order is a run: %d, before %d", after, before)
	}
}

// A full disk refuses orders, and a restore, and says why; what was accepted stays; when
// there is room again, all goes on.
func TestRealFullDisk(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	disk := filepath.Join(w.home, ".isle")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=24m,mode=0700"); errors.Is(err, syscall.EPERM) {
		t.Skip("SKIPPED: a small disk needs the right to mount one; run this test as root")
	} else if err != nil {
		t.Fatal(err)
	}
	defer syscall.Unmount(disk, syscall.MNT_DETACH)
	s, ready := w.up()
	order(t, ready, anOrder)
	w.succeed("bin/isle backup isle.tar")
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 24<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	wantRefused(t, w, ready, "Free some of it")
	wantReason(t, ready, "full")
	if status, text := answerOf(t, ready, "/readyz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("ready with a full disk: %s", text)
	}
	if said := w.fail("bin/isle restore isle.tar"); !strings.Contains(said, "Nothing was changed") || !strings.Contains(said, "Free some of it") {
		t.Errorf("a restore with a full disk says %q", said)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	untilHealthy(t, ready)
	order(t, ready, anOrder)
	if got := strings.Count(w.succeed("bin/isle runs"), "Succeeded"); got != 2 {
		t.Errorf("%d runs have succeeded", got)
	}
	s.stop(syscall.SIGTERM)
}

// A database that another program holds locked refuses orders and says why, until it is
// free again.
func TestRealLockedDatabase(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	s, ready := w.up()
	order(t, ready, anOrder)
	files, err := filepath.Glob(filepath.Join(w.home, ".isle", "environments", "*", "data.db"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	other, err := new(sqlite.Driver).Open("file:" + files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	run := func(sql string) {
		t.Helper()
		if _, err := other.(driver.ExecerContext).ExecContext(context.Background(), sql, nil); err != nil {
			t.Fatal(err)
		}
	}
	run("BEGIN EXCLUSIVE")
	wantRefused(t, w, ready, "Another program holds a lock")
	wantReason(t, ready, "locked")
	run("ROLLBACK")
	untilHealthy(t, ready)
	order(t, ready, anOrder)
	s.stop(syscall.SIGTERM)
}

// A stopping server answers what is under way before it ends; a second signal ends it
// at once.
func TestRealStop(t *testing.T) {
	t.Parallel()
	release, called := make(chan struct{}), make(chan struct{}, 4)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	peer := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called <- struct{}{}
		<-release
	})}
	go peer.Serve(listener)
	defer peer.Close()
	w := newWorkspace(t)
	s, ready := w.up()
	definition := `{"definition":{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0",
		"triggers":{"order":{"type":"Request","kind":"Http","inputs":{}}},
		"actions":{"Call":{"type":"Http","inputs":{"method":"GET","uri":"http://` + listener.Addr().String() + `"},"runAfter":{}},"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"done"},"runAfter":{"Call":["Succeeded"]}}}}}`
	if err := os.WriteFile(filepath.Join(w.dir, "slow.json"), []byte(`{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[
		{"type":"Microsoft.Logic/workflows","apiVersion":"2019-05-01","name":"slow","location":"westeurope","properties":`+definition+`}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	w.succeed("bin/isle deploy slow.json")
	url := strings.TrimSpace(w.succeed("bin/isle url slow"))
	answers := make(chan string, 1)
	go func() {
		_, text := answerOf(t, ready, url, "{}")
		answers <- text
	}()
	<-called
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(500*time.Millisecond, func() { close(release) }) // after the server has begun to stop
	if got := <-answers; got != "done" {
		t.Errorf("the request under way gets %q", got)
	}
	<-s.ended
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it ends with %d: %s", code, s.err)
	}
}
