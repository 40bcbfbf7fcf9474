package server

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A server is refused with every problem of its settings, and leaves nothing behind.
func TestBadSettingsAreToldTogether(t *testing.T) {
	dir := t.TempDir()
	tags := filepath.Join(dir, "tags.json")
	write(t, tags, `{"values":[{"name":"Sql","properties":{"addressPrefixes":["192.0.2.0/24","nowhere"]}},{"name":"no tag"}]}`)
	connections := filepath.Join(dir, "connections.json")
	write(t, connections, `{"managedApiConnections":[],"functionConnections":{"f":1}}`)
	data := filepath.Join(dir, "data")
	for _, c := range []struct {
		config Config
		says   []string
	}{
		{Config{ServiceTags: tags, FlowLog: dir, FlowDays: 400, TLSCert: "x"}, []string{"--flow-days 400 is not from 1 to 366", "--service-tags " + tags, `"nowhere" is not an address prefix`, `"no tag" is not the name`, "--flow-log " + dir + " is a folder", "--tls-cert"}},
		{Config{Authority: "login.example", CallTimeout: -1}, []string{`--authority "login.example" is not an http or https URL`, "--call-timeout"}},
		{Config{Connections: connections}, []string{"--connections " + connections, "managedApiConnections must be an object", "functionConnections.f must be an object"}},
		{Config{Connections: filepath.Join(dir, "none.json")}, []string{"--connections", "none.json"}},
		{Config{ServiceTags: filepath.Join(dir, "none.json"), FlowLog: filepath.Join(dir, "none", "flows.log")}, []string{"--service-tags", "none.json", "--flow-log", "the folder " + filepath.Join(dir, "none") + " is not there"}},
		{Config{ProxyProtocol: true}, []string{"--proxy-protocol: nobody is trusted to speak it"}},
		{Config{FlowLogSize: "much", FlowLogFiles: -1}, []string{"--flow-log-size much: give a size", "--flow-log-files -1: give a number", "are of a file that --flow-log names"}},
	} {
		c.config.Data, c.config.Listen, c.config.Log = data, "127.0.0.1:0", slog.New(slog.DiscardHandler)
		_, err := Start(t.Context(), c.config)
		if err == nil {
			t.Fatalf("%+v was accepted", c.config)
		}
		for _, says := range c.says {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%q is not told: %v", says, err)
			}
		}
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("a refused server made its data folder: %v", err)
	}
}

// The flow log is appended to, and for its owner only.
func TestTheFlowLogIsAppendedTo(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "flows.jsonl")
	for range 2 {
		s, err := Start(t.Context(), Config{Data: filepath.Join(dir, "data"), Listen: "127.0.0.1:0", FlowLog: name, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		s.network.Admit("shared", callerOf("192.0.2.1"))
		stop(t, s)
	}
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(content), `"direction":"Inbound"`); n != 2 {
		t.Errorf("%d lines of two servers:\n%s", n, content)
	}
	info, err := os.Stat(name)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

// The start says which data plane enforces the policy, and how much of it.
func TestTheStartSaysThatNothingIsIsolated(t *testing.T) {
	var log strings.Builder
	s, err := Start(t.Context(), Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	stop(t, s)
	if !strings.Contains(log.String(), `msg="data plane" mode=inproc isolated=false reasons=`) {
		t.Errorf("%s", log.String())
	}
}

// It says so too of inline code, and why.
func TestTheStartSaysThatInlineCodeIsNotIsolated(t *testing.T) {
	for mode, want := range map[string]bool{InlineCodeOff: false, InlineCodeInProcess: true, InlineCodeProcess: true} {
		var log strings.Builder
		none := func() (*exec.Cmd, error) { return nil, errors.New("no process today") }
		s, err := Start(t.Context(), Config{Data: t.TempDir(), Listen: "127.0.0.1:0", InlineCode: mode, ScriptWorker: none, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		stop(t, s)
		if got := strings.Contains(log.String(), "Inline code is not isolated: "); got != want {
			t.Errorf("%s: %s", mode, log.String())
		}
	}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
