package server

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Whatever pieces lines are written in, and whenever the file is opened anew: no line is
// parted or lost but with the oldest file, and no file has more than the size and a line.
func TestAFileOfLinesIsPutAside(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const most, keep, longest = 200, 3, 60
	name := filepath.Join(t.TempDir(), "flows")
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "%d %s\n", i, strings.Repeat("x", random.IntN(longest-5)))
	}
	r, err := openRotating(name, most, keep)
	for left := text.String(); left != "" && err == nil; {
		n := 1 + random.IntN(len(left))
		if n > 1 {
			n = min(n, 1+random.IntN(500))
		}
		if _, err = r.Write([]byte(left[:n])); err != nil {
			break
		}
		left = left[n:]
		if random.IntN(5) == 0 {
			if err = r.Close(); err == nil {
				r, err = openRotating(name, most, keep)
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	var kept string
	for i := keep; i >= 0; i-- {
		content, err := os.ReadFile(r.aside(i))
		if err != nil {
			t.Fatal(err)
		}
		if len(content) > most+longest || i > 0 && len(content) < most {
			t.Errorf("file %d has %d bytes", i, len(content))
		}
		if len(content) > 0 && content[len(content)-1] != '\n' {
			t.Errorf("file %d ends within a line", i)
		}
		kept += string(content)
	}
	if !strings.HasSuffix("\n"+text.String(), "\n"+kept) {
		t.Errorf("kept is %q", kept)
	}
	if _, err := os.Stat(r.aside(keep + 1)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("more files than are kept: %v", err)
	}
}

// Where a file cannot be put aside, here since a folder that is not empty has its name, it
// goes on to grow.
func TestAFileThatCannotBePutAsideGrows(t *testing.T) {
	name := filepath.Join(t.TempDir(), "flows")
	if err := os.MkdirAll(filepath.Join(name+".1", "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	r, err := openRotating(name, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.Write([]byte("one\ntwo\nthree\n")); n != 14 || err == nil {
		t.Errorf("%d bytes written, %v", n, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if content, err := os.ReadFile(name); string(content) != "one\ntwo\nthree\n" {
		t.Errorf("%q, %v", content, err)
	}
}

// Where no new file can be opened, here since a folder has its name, nothing is written, and
// when one can be again the log goes on.
func TestAFileThatCannotBeOpenedIsTriedAgain(t *testing.T) {
	name := filepath.Join(t.TempDir(), "flows")
	r, err := openRotating(name, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	put := func(what error) {
		t.Helper()
		if what != nil {
			t.Fatal(what)
		}
	}
	put(os.Remove(name))
	put(os.Mkdir(name, 0o700))
	put(os.MkdirAll(filepath.Join(name+".1", "full"), 0o700)) // so that the folder stays
	for _, line := range []string{"one\ntwo\n", "three\n"} {
		if n, err := r.Write([]byte(line)); n > len("one\n") || err == nil {
			t.Errorf("%q: %d bytes are written, %v", line, n, err)
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	put(os.Remove(name))
	put(os.RemoveAll(name + ".1"))
	if n, err := r.Write([]byte("four\nfive")); n != 9 || err != nil {
		t.Errorf("%d bytes written, %v", n, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if content, err := os.ReadFile(name); string(content) != "five" {
		t.Errorf("%q, %v", content, err)
	}
}
