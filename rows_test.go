package isle_test

import (
	"cmp"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// semanticSections are those of wdl-semantics whose rows are behaviour of triggers,
// actions, settings and statuses.
var semanticSections = []string{
	"§10.1", "§10.2", "§10.3", "§10.4", "§10.5", "§10.6",
	"§11.1", "§11.2", "§11.3", "§11.4", "§11.5", "§11.6", "§11.7", "§11.8", "§11.9", "§11.10", "§11.11", "§11.12", "§11.13",
	"§12.1", "§12.2", "§12.3", "§12.4", "§12.5", "§12.6", "§12.7", "§12.8", "§12.9", "§12.10",
	"§13.1", "§13.2", "§13.3", "§13.4", "§13.5", "§13.6", "§13.7", "§13.8",
}

var (
	testName   = regexp.MustCompile(`\b((?:Test|Fuzz)[A-Z]\w*)(\*?)`)
	scriptName = regexp.MustCompile(`[\w.-]+\.txtar`)
	testFunc   = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// TestRows holds that testdata/rows.txt names only tests and scripts that there are,
// and leaves out no section.
func TestRows(t *testing.T) {
	text, err := os.ReadFile("testdata/rows.txt")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]bool{}
	eachRow(t, string(text), func(row, _ string) { sections[strings.Fields(row)[0]] = true })
	for _, s := range semanticSections {
		if !sections[s] {
			t.Errorf("no row of %s", s)
		}
	}
}

// environmentRows are the rows of ise.md, part (a).
const environmentRows = 178

// TestEnvironmentRows holds that testdata/ise.txt names only tests that there are, and
// leaves out no row of the features of environments.
func TestEnvironmentRows(t *testing.T) {
	text, err := os.ReadFile("testdata/ise.txt")
	if err != nil {
		t.Fatal(err)
	}
	told := map[int]string{}
	eachRow(t, string(text), func(row, where string) {
		if !strings.HasPrefix(where, "none: ") && !testName.MatchString(where) {
			t.Errorf("neither a test nor a reason: %s", row)
		}
		for _, m := range rowNumbers.FindAllStringSubmatch(rowHead.FindString(row), -1) {
			first, _ := strconv.Atoi(m[1])
			last := first
			if m[2] != "" {
				last, _ = strconv.Atoi(m[2])
			}
			for n := first; n <= last; n++ {
				if told[n] != "" {
					t.Errorf("row %d is told twice: %s and %s", n, told[n], row)
				}
				told[n] = row
			}
		}
	})
	for n := 1; n <= environmentRows; n++ {
		if told[n] == "" {
			t.Errorf("row %d is not told", n)
		}
	}
	if len(told) > environmentRows {
		t.Errorf("there are only %d rows", environmentRows)
	}
}

// connectionRows are how many rows each section of connections.md has.
var connectionRows = map[string]int{"§1.1": 11, "§1.2": 11, "§1.3": 5, "§2": 5, "§3": 5, "§4": 15, "§5": 13, "§6": 12, "§6.1": 7}

// TestConnectionRows holds that testdata/connections.txt names only tests that there are,
// and tells each row of each section, once.
func TestConnectionRows(t *testing.T) {
	text, err := os.ReadFile("testdata/connections.txt")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]int{} // the rows of a section, as told so far
	eachRow(t, string(text), func(row, where string) {
		if !strings.HasPrefix(where, "none: ") && !testName.MatchString(where) {
			t.Errorf("neither a test nor a reason: %s", row)
		}
		section, numbers, _ := strings.Cut(row, "/")
		m := rowNumbers.FindStringSubmatch(rowHead.FindString(numbers))
		if m == nil {
			t.Fatalf("no number: %s", row)
		}
		if first, _ := strconv.Atoi(m[1]); first != told[section]+1 {
			t.Errorf("the row after %s/%d is %s", section, told[section], row)
		}
		told[section], _ = strconv.Atoi(cmp.Or(m[2], m[1]))
	})
	if !maps.Equal(told, connectionRows) {
		t.Errorf("told are %v, of %v", told, connectionRows)
	}
}

// rowHead is the numbers that a row begins with, "61, 64 to 66"; rowNumbers one of them.
var (
	rowHead    = regexp.MustCompile(`^[\d, ]+(?:to \d+[, ]*[\d, ]*)*`)
	rowNumbers = regexp.MustCompile(`(\d+)(?: to (\d+))?`)
)

// eachRow gives the rows of a table of tests, and holds that those that it names exist.
func eachRow(t *testing.T, table string, yield func(row, where string)) {
	t.Helper()
	tests, scripts := namedTests(t)
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		row, where, ok := strings.Cut(line, " | ")
		if !ok {
			t.Errorf("no tests: %s", line)
			continue
		}
		for _, m := range testName.FindAllStringSubmatch(where, -1) {
			if !slices.ContainsFunc(tests, func(name string) bool { return name == m[1] || m[2] != "" && strings.HasPrefix(name, m[1]) }) {
				t.Errorf("there is no %s%s: %s", m[1], m[2], row)
			}
		}
		for _, name := range scriptName.FindAllString(where, -1) {
			if !slices.Contains(scripts, name) {
				t.Errorf("there is no script %s: %s", name, row)
			}
		}
		yield(row, where)
	}
}

// namedTests are the names of all tests and of all scripts of the module.
func namedTests(t *testing.T) (tests, scripts []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || entry.IsDir():
			return err
		case strings.HasSuffix(path, ".txtar"):
			scripts = append(scripts, entry.Name())
		case strings.HasSuffix(path, "_test.go"):
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range testFunc.FindAllSubmatch(text, -1) {
				tests = append(tests, string(m[1]))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests, scripts
}
