package logic_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what the server answers into testdata/script")

// volatile is what differs from run to run, and what stands for it in a script.
var volatile = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "GUID"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "ID"},
	{regexp.MustCompile(`\b0858\d{16,25}(CU\d\d)?\b`), "SEQUENCE"},
	{regexp.MustCompile(`sig=[\w-]{43}`), "sig=SIG"},
	{regexp.MustCompile(`"sig": "[\w-]{43}"`), `"sig": "SIG"`},
}

// TestScripts plays the exchanges of testdata/script. A line "> METHOD path"
// begins a request, further lines with ">" are its body; what follows is the answer:
// status, code of the error or the body. "> WAIT path" asks until the resource is
// no longer InProgress. $G is the resource group.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newWorld(t).play(string(want))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("%s (go test -run Scripts -rewrite rewrites it); got:\n%s", file, got)
			}
		})
	}
}

// play answers the requests of a script anew.
func (w *world) play(script string) string {
	var out strings.Builder
	lines := strings.Split(script, "\n")
	for i := 0; i < len(lines); i++ {
		if strings.HasPrefix(lines[i], "#") {
			out.WriteString(lines[i] + "\n")
			continue
		}
		request, ok := strings.CutPrefix(lines[i], "> ")
		if !ok {
			continue
		}
		out.WriteString(lines[i] + "\n")
		var body strings.Builder
		for ; i+1 < len(lines) && strings.HasPrefix(lines[i+1], "> "); i++ {
			out.WriteString(lines[i+1] + "\n")
			body.WriteString(lines[i+1][2:])
		}
		method, path, _ := strings.Cut(request, " ")
		out.WriteString(w.exchange(method, expand(path), expand(body.String())) + "\n\n")
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

func expand(text string) string { return strings.ReplaceAll(text, "$G", group) }

func (w *world) exchange(method, path, body string) string {
	w.t.Helper()
	if method == "WAIT" {
		w.until("GET "+path+" is InProgress no more", func() bool {
			return get(w.send("GET", path, "", 200), "properties", "provisioningState") != "InProgress"
		})
		return fmt.Sprint(get(w.send("GET", path, "", 200), "properties", "provisioningState"))
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	r, err := http.NewRequest(method, w.server.URL+strings.ReplaceAll(path, " ", "%20")+separator+"api-version="+apiVersion, strings.NewReader(body))
	w.must(err)
	r.Header.Set("Authorization", "Bearer x")
	res, err := w.server.Client().Do(r)
	w.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	w.must(err)
	answer := fmt.Sprint(res.StatusCode)
	if res.Header.Get("Azure-AsyncOperation") != "" {
		answer += " Azure-AsyncOperation Retry-After:" + res.Header.Get("Retry-After")
	}
	if len(text) > 0 {
		var pretty bytes.Buffer
		w.must(json.Indent(&pretty, text, "", "  "))
		answer += "\n" + pretty.String()
	}
	answer = strings.ReplaceAll(strings.ReplaceAll(answer, w.server.URL, "https://server"), group, "$G")
	for _, v := range volatile {
		answer = v.pattern.ReplaceAllString(answer, v.name)
	}
	return answer
}
