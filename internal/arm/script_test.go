package arm_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the answers in testdata/script")

// A script is a conversation with the manager:
//
//	> METHOD path           a request; SUB in it is the subscription's path, and
//	                        an api-version is added unless the line says so itself
//	> Name: value           a header; $etag is the last ETag
//	>> text                 the body
//	< status, headers, body what must come back; -rewrite writes it
//	! tasks                 carry out what is due
//	! clock 1m              time passes
//	! poll                  GET the last Azure-AsyncOperation, or Location
//	! next                  GET the last nextLink
//	# text                  a remark
//
// Guids and times that are not fixed are written <guid> and <time>.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := (&script{t: t, world: newWorld(t, virtual)}).run(string(text))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(text) {
				t.Errorf("%s differs (-rewrite takes it over):\n%s", file, difference(string(text), got))
			}
		})
	}
}

func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, a[i], strings.Join(b[min(i, len(b)):min(i+3, len(b))], "\n     "))
		}
	}
	return "more lines: " + strings.Join(b[len(a):], "\n")
}

type script struct {
	t                    *testing.T
	world                *world
	etag, link, nextLink string
}

func (s *script) run(text string) string {
	var out strings.Builder
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := 0; i < len(lines); {
		line := lines[i]
		switch {
		case strings.HasPrefix(line, "<"):
			i++ // written anew below
		case strings.HasPrefix(line, "> "):
			end := i
			for end < len(lines) && strings.HasPrefix(lines[end], ">") && (end == i || !begins.MatchString(lines[end])) {
				out.WriteString(lines[end] + "\n")
				end++
			}
			out.WriteString(s.exchange(lines[i:end]))
			i = end
		default:
			out.WriteString(line + "\n")
			out.WriteString(s.command(line))
			i++
		}
	}
	return out.String()
}

func (s *script) command(line string) string {
	word, rest, _ := strings.Cut(strings.TrimPrefix(line, "! "), " ")
	switch {
	case !strings.HasPrefix(line, "! "):
		return ""
	case word == "tasks":
		s.world.runTasks(s.t)
	case word == "clock":
		d, err := time.ParseDuration(rest)
		if err != nil {
			s.t.Fatal(err)
		}
		s.world.now = s.world.now.Add(d)
	case word == "poll":
		return s.exchange([]string{"> GET " + strings.TrimPrefix(s.link, base)})
	case word == "next":
		return s.exchange([]string{"> GET " + strings.TrimPrefix(s.nextLink, base)})
	default:
		s.t.Fatalf("what is %q?", line)
	}
	return ""
}

// exchange sends a request and writes down the answer.
func (s *script) exchange(lines []string) string {
	method, path, _ := strings.Cut(strings.TrimPrefix(lines[0], "> "), " ")
	path = strings.ReplaceAll(path, "SUB", "/subscriptions/"+subscription)
	if !strings.Contains(path, "api-version") && !strings.Contains(path, "?!") {
		path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "api-version=2024-01-01"
	}
	path = strings.ReplaceAll(path, "?!", "?")
	var body bytes.Buffer
	header := http.Header{"Authorization": {"Bearer good"}}
	host := "isle.test:7443"
	for _, line := range lines[1:] {
		if text, ok := strings.CutPrefix(line, ">> "); ok {
			body.WriteString(strings.ReplaceAll(text, "SUB", "/subscriptions/"+subscription) + "\n")
			continue
		}
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "> "), ": ")
		if name == "Host" {
			host = value
		}
		header.Set(name, strings.ReplaceAll(value, "$etag", s.etag))
	}
	r := httptest.NewRequest(method, base+strings.ReplaceAll(path, " ", "%20"), &body)
	r.Header, r.Host = header, host
	w := httptest.NewRecorder()
	s.world.ServeHTTP(w, r)
	return s.answer(w)
}

var (
	guid   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	begins = regexp.MustCompile(`^> [A-Z]+ (/|SUB)`)
	shown  = []string{"Allow", "Azure-Asyncoperation", "Etag", "Location", "Retry-After", "Www-Authenticate"}
	tokens = regexp.MustCompile(`skiptoken=[^&"]+`)
)

func (s *script) answer(w *httptest.ResponseRecorder) string {
	var out strings.Builder
	fmt.Fprintf(&out, "< %d\n", w.Code)
	for _, name := range shown {
		if value := w.Header().Get(name); value != "" {
			fmt.Fprintf(&out, "< %s: %s\n", name, value)
		}
	}
	if link := w.Header().Get("Azure-AsyncOperation"); link != "" {
		s.link = link
	} else if link := w.Header().Get("Location"); link != "" {
		s.link = link
	}
	if etag := w.Header().Get("ETag"); etag != "" {
		s.etag = etag
	}
	if w.Body.Len() > 0 {
		var doc struct{ NextLink string }
		json.Unmarshal(w.Body.Bytes(), &doc)
		s.nextLink = doc.NextLink
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, w.Body.Bytes(), "< ", "  "); err != nil {
			s.t.Errorf("body is no JSON: %v: %s", err, w.Body)
		}
		out.WriteString("< " + pretty.String() + "\n")
	}
	text := guid.ReplaceAllString(out.String(), "<guid>")
	text = tokens.ReplaceAllString(text, "skiptoken=<token>")
	return strings.ReplaceAll(text, "/subscriptions/"+subscription, "SUB")
}
