package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A machine whose folders lie below a root: the certificate comes into the folder of the
// system, each browser's database is changed by certutil, and all of it goes again.
func TestTrustPutsTheCertificateIntoEachStore(t *testing.T) {
	root, home, bin := t.TempDir(), t.TempDir(), t.TempDir()
	folder := filepath.Join(root, "usr/local/share/ca-certificates")
	firefox := filepath.Join(home, ".mozilla/firefox/x.default")
	for _, dir := range []string{folder, filepath.Join(home, ".pki/nssdb"), firefox} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	calls := filepath.Join(bin, "calls")
	script := "#!/bin/sh\necho \"$(basename \"$0\") $*\" >> " + calls + "\n"
	for name, text := range map[string]string{filepath.Join(bin, "update-ca-certificates"): script, filepath.Join(bin, "certutil"): script,
		filepath.Join(home, ".pki/nssdb/cert9.db"): "", filepath.Join(firefox, "cert9.db"): ""} {
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, []byte("certificate"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := trust{stores: trustStores(machine{"linux", home, root}, ca), record: filepath.Join(t.TempDir(), "trust.json"), out: &out}
	if err := w.run(false); err != nil {
		t.Fatal(err, &out)
	}
	file := filepath.Join(folder, trustName(ca)+".crt")
	if content, err := os.ReadFile(file); err != nil || string(content) != "certificate" {
		t.Errorf("the system's folder has %q, %v", content, err)
	}
	var record trustRecord
	if text, err := os.ReadFile(w.record); err != nil || json.Unmarshal(text, &record) != nil || len(record.Stores) != 3 {
		t.Errorf("the record is %s, %v", text, err)
	}
	called, _ := os.ReadFile(calls)
	for _, want := range []string{"update-ca-certificates", "certutil -A -d sql:" + firefox + " -t C,, -n " + trustName(ca) + " -i " + ca, "certutil -A -d sql:" + filepath.Join(home, ".pki/nssdb")} {
		if !strings.Contains(string(called), want) {
			t.Errorf("no call of %q in\n%s", want, called)
		}
	}
	if n := strings.Count(out.String(), "Done: "); n != 3 {
		t.Errorf("%d stores are told of:\n%s", n, &out)
	}

	if err := w.run(true); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, w.record} {
		if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
	if called, _ := os.ReadFile(calls); !strings.Contains(string(called), "certutil -D -d sql:"+firefox) {
		t.Errorf("certutil does not remove it:\n%s", called)
	}
	if err := w.run(true); err != nil {
		t.Errorf("removing it again: %v", err)
	}
}

// Where nothing can be changed, the command fails, says why, and leaves no record.
func TestTrustThatNothingTakes(t *testing.T) {
	var out bytes.Buffer
	refused := func() error { return errors.New("it is locked") }
	w := trust{stores: []trustStore{{"a store", true, refused, refused}}, record: filepath.Join(t.TempDir(), "trust.json"), out: &out}
	if err := w.run(false); err == nil || !strings.Contains(out.String(), "Unchanged: a store: it is locked") {
		t.Errorf("%v\n%s", err, &out)
	}
	w.stores = append(w.stores, trustStore{"the system", false, func() error { return nil }, refused})
	if err := w.run(false); err != nil || !strings.Contains(out.String(), "stays at http") {
		t.Errorf("without a browser's store: %v\n%s", err, &out)
	}
	if _, err := os.Stat(w.record); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a record is left: %v", err)
	}
}
