package account_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// segments are the kinds of artifacts.
func segments() []string {
	return []string{"schemas", "maps", "partners", "agreements", "certificates", "assemblies", "batchConfigurations", "sessions"}
}

// FuzzBodies sends any body to the PUT of any type, and as a PATCH to the account: no
// answer is the server's own fault, a refusal changes nothing, and what was accepted is
// shown and can be PUT again as it is shown.
func FuzzBodies(f *testing.F) {
	scripts, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(scripts) == 0 {
		f.Fatal("no scripts", err)
	}
	for _, name := range scripts {
		script, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, exchange := range strings.Split(string(script), "\n\n") {
			lines := strings.Split(exchange, "\n")
			for i, line := range lines {
				if path, ok := strings.CutPrefix(line, "> PUT "); ok && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "> ") {
					f.Add(uint8(kindOfPath(path)), expand(lines[i+1][2:]))
				}
			}
		}
	}
	w := newWorld(f)
	w.do("PUT", expand("$A"), `{"location":"westeurope"}`)
	f.Fuzz(func(t *testing.T, kind uint8, body string) {
		method, path := "PUT", ""
		switch n := int(kind) % (len(segments()) + 2); {
		case n < len(segments()):
			path = expand("$A/" + segments()[n] + "/fuzzed")
		case n == len(segments()):
			path = expand("$L/integrationAccounts/fuzzed")
		default:
			method, path = "PATCH", expand("$A")
		}
		before := w.snapshot(t)
		res := w.do(method, path, body)
		switch {
		case res.Code >= 500:
			t.Fatalf("%s %s %s: %d %s", method, path, body, res.Code, res.Body)
		case res.Code >= 400:
			if after := w.snapshot(t); after != before {
				t.Fatalf("%s %s %s: %d, and yet something changed", method, path, body, res.Code)
			}
			return
		case method == "PATCH":
			return
		}
		shown := w.do("GET", path, "").Body.String()
		if again := w.do("PUT", path, shown); again.Code != 200 || strip(t, again.Body.String()) != strip(t, shown) {
			t.Fatalf("%s %s: %s; put again: %d %s", path, body, shown, again.Code, again.Body)
		}
		if gone := w.do("DELETE", path, ""); gone.Code != 200 {
			t.Fatalf("DELETE %s: %d %s", path, gone.Code, gone.Body)
		}
	})
}

func kindOfPath(path string) int {
	for i, s := range segments() {
		if strings.Contains(path, "/"+s+"/") {
			return i
		}
	}
	return len(segments())
}

// strip takes away what differs from look to look.
func strip(t *testing.T, text string) string {
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	if p, ok := v["properties"].(map[string]any); ok {
		delete(p, "changedTime")
		if link, ok := p["contentLink"].(map[string]any); ok {
			delete(link, "uri")
		}
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
