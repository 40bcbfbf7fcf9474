package expr

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestJSONScripts runs the scripts in testdata/json, which say how JSON texts are
// read. A script is a list of blocks apart by empty lines; lines that begin with # are
// comments. A block is
//
//	read TEXT       as json() and request bodies do; first as ParseJson does
//	----            (what follows the first value is ignored); parse reads strict JSON
//	what is written again, or "error: " and the message
//
// In TEXT, ␊ ␍ ␉ ␀ stand for a line feed, carriage return, tab, U+0000. Strict and
// lenient reader must agree where both accept.
func TestJSONScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/json/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { runJSONScript(t, file) })
	}
}

func runJSONScript(t *testing.T, file string) {
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for i, block := range strings.Split(strings.TrimSpace(string(script)), "\n\n") {
		if i > 0 {
			out.WriteString("\n\n")
		}
		command, _, tested := strings.Cut(block, "\n----")
		out.WriteString(command)
		if tested {
			line := command[strings.LastIndexByte(command, '\n')+1:]
			out.WriteString("\n----\n" + readAsScripted(t, line))
		}
	}
	out.WriteString("\n")
	if *rewrite {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got, want := out.String(), string(script); got != want {
		line := 0
		for line < len(got) && line < len(want) && got[line] == want[line] {
			line++
		}
		from := strings.LastIndexByte(got[:line], '\n') + 1
		t.Errorf("%s:%d differs (-rewrite takes it over)\n got %.300s\nwant %.300s", file, strings.Count(got[:line], "\n")+1, got[from:], want[min(from, len(want)):])
	}
}

func readAsScripted(t *testing.T, line string) string {
	verb, arg, _ := strings.Cut(line, " ")
	text := strings.NewReplacer("␊", "\n", "␍", "\r", "␉", "\t", "␀", "\x00").Replace(arg)
	readers := map[string]func(string) (Value, error){"read": ReadJSON[string], "first": ReadFirstJSON[string], "parse": ParseJSON[string]}
	if readers[verb] == nil {
		t.Fatalf("unknown command %q", verb)
	}
	v, err := readers[verb](text)
	if strict, fault := readStrict(text, MaxDepth); fault == nil {
		if slow, err := readLenient(text, MaxDepth, true); err != nil || string(slow.JSON()) != string(strict.JSON()) {
			t.Errorf("%q is %s when read strictly, %s, %v when read leniently", text, strict.JSON(), slow.JSON(), err)
		}
	}
	return outcome(v, err)
}
