package server

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"isle/internal/store"
)

// Lines name what they are about alike; requests are told without what signs them, and a
// fault of the disk is told when it begins and when it ends.
func TestLog(t *testing.T) {
	var out bytes.Buffer
	c := Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	s, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ask(s, "/workflows/x/triggers/manual/paths/invoke?sig=planted", here, http.Header{"Authorization": {"planted"}})
	ill := &store.UnavailableError{Database: "control", Fault: store.FaultFull}
	s.observeCommit(store.Commit{Database: "control", Fault: ill, Changed: true})
	s.observeCommit(store.Commit{Database: "control", Fault: ill})
	s.observeCommit(store.Commit{Database: "control", Changed: true})
	s.log.With("environment", store.Shared).Warn("with")
	stop(t, s)
	if strings.Contains(out.String(), "planted") {
		t.Errorf("a secret is logged: %s", &out)
	}
	told := map[string][]string{}
	for line := range strings.Lines(out.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		about, _ := fields["environment"].(string)
		if route, ok := fields["route"].(string); ok {
			about = route
		}
		told[fields["msg"].(string)] = append(told[fields["msg"].(string)], about)
	}
	for message, want := range map[string]string{"request": "trigger", "the database cannot be written": "control", "the database is written again": "control", "with": "shared"} {
		if strings.Join(told[message], ",") != want {
			t.Errorf("%q is told of %v, want %s", message, told[message], want)
		}
	}
}
