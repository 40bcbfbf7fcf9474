// Package armtest is what tests of resource types have in common: scripts of requests
// with their answers, and what points an unmodified SDK at a test's server.
package armtest

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Rewrite is the flag -rewrite of a test that imports this package.
var Rewrite = flag.Bool("rewrite", false, "write what is answered into testdata")

// Volatile is what differs from run to run, and what stands for it in a script.
type Volatile struct{ pattern, name string }

// Hide shows each match of a pattern as a name, which may have "$1" of the pattern.
func Hide(pattern, name string) Volatile { return Volatile{pattern, name} }

// Script says how the scripts of a package are played. A line "> METHOD path" begins a
// request, further lines with ">" are its body; what follows is the answer, to a blank
// line. "#" begins a remark.
type Script struct {
	Names    []string // what a script has, and what it stands for: "$G", the group's path, …; longer ones first
	Volatile []Volatile
}

// Expand gives a text of a script its long form.
func (s Script) Expand(text string) string { return strings.NewReplacer(s.Names...).Replace(text) }

// Run plays the files of a pattern, each in a test of its own. begin makes what answers a
// request with the text that the script shows. A difference fails the test; with -rewrite
// the file gets what was answered.
func (s Script) Run(t *testing.T, pattern string, begin func(t *testing.T) (exchange func(method, path, body string) string)) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := s.play(string(want), begin(t))
			if *Rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("%s (go test -run %s -rewrite rewrites it); got:\n%s", file, t.Name(), got)
			}
		})
	}
}

// play answers the requests of a script anew.
func (s Script) play(script string, exchange func(method, path, body string) string) string {
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
		out.WriteString(s.shorten(exchange(method, s.Expand(path), s.Expand(body.String()))) + "\n\n")
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

// shorten gives an answer the form that a script has.
func (s Script) shorten(answer string) string {
	short := make([]string, 0, len(s.Names))
	for i := 0; i < len(s.Names); i += 2 {
		short = append(short, s.Names[i+1], s.Names[i])
	}
	answer = strings.NewReplacer(short...).Replace(answer)
	for _, v := range s.Volatile {
		answer = regexp.MustCompile(v.pattern).ReplaceAllString(answer, v.name)
	}
	return answer
}
