package schema

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"isle/expr"

	"pgregory.net/rapid"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the expectations in testdata")

func parse(t testing.TB, text string) expr.Value {
	t.Helper()
	v, err := expr.ParseJSON([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// A script holds blocks: lines "schema JSON", then "value JSON" each followed by
// the violations, one a line and children indented.
func TestScripts(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("no scripts")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, string(text))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(text) {
				t.Errorf("%s differs; -rewrite shows how. Now:\n%s", file, got)
			}
		})
	}
}

func runScript(t *testing.T, script string) string {
	var out strings.Builder
	var s *Schema
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "  ") {
			continue // an expectation
		}
		command, rest, _ := strings.Cut(line, " ")
		switch command {
		case "", "#":
			out.WriteString(line + "\n")
		case "schema":
			out.WriteString(line + "\n")
			var err error
			if s, err = Compile(parse(t, rest)); err != nil {
				out.WriteString("  " + err.Error() + "\n")
			}
		case "value":
			out.WriteString(line + "\n")
			writeViolations(&out, s.Validate(parse(t, rest)), "  ")
		}
	}
	return out.String()
}

func writeViolations(out *strings.Builder, list []Violation, indent string) {
	for _, v := range list {
		out.WriteString(indent + strings.Join([]string{v.Message, v.Path, v.SchemaID, v.ErrorType, string(v.Value.JSON())}, " | ") + "\n")
		writeViolations(out, v.ChildErrors, indent+"  ")
	}
}

func TestPatternIsUnsupported(t *testing.T) {
	for text, keyword := range map[string]string{
		`{"pattern":"a"}`: "pattern",
		`{"properties":{"a":{"items":{"patternProperties":{}}}}}`: "patternProperties",
	} {
		_, err := Compile(parse(t, text))
		var unsupported *Unsupported
		if !errors.As(err, &unsupported) || unsupported.Keyword != keyword {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Compile(parse(t, `{"properties":{"pattern":{"type":"string"}}}`)); err != nil {
		t.Errorf("a property may be called pattern: %v", err)
	}
}

func TestReport(t *testing.T) {
	s, err := Compile(parse(t, `{"required":["a"]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := string(Report(s.Validate(parse(t, `{}`))).JSON())
	want := `[{"message":"Required properties are missing from object: a.","lineNumber":0,"linePosition":0,"path":"","value":["a"],"schemaId":"#","errorType":"required","childErrors":[]}]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWorkIsBounded(t *testing.T) {
	schema := `{"definitions":{"d0":{"type":"string"}`
	for i := 1; i <= 40; i++ {
		ref := `{"$ref":"#/definitions/d` + string(expr.Int(int64(i-1)).JSON()) + `"}`
		schema += `,"d` + string(expr.Int(int64(i)).JSON()) + `":{"allOf":[` + ref + `,` + ref + `]}`
	}
	s, err := Compile(parse(t, schema+`},"$ref":"#/definitions/d40"}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Validate(expr.String("x"))) == 0 {
		t.Error("nothing says that the schema was not applied as a whole")
	}
}

// Values that are equal are alike.
func TestLikenessFollowsEquality(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.Int64Range(-1<<52, 1<<52).Draw(t, "i")
		s := rapid.String().Draw(t, "s")
		a := expr.Object(expr.Member{Name: "a", Value: expr.Int(i)}, expr.Member{Name: s, Value: expr.Array(expr.String(s), expr.Bool(true))})
		b := expr.Object(expr.Member{Name: s, Value: expr.Array(expr.String(s), expr.Bool(true))}, expr.Member{Name: "a", Value: expr.Float(float64(i))})
		if s != "a" && expr.Equal(a, b) && likeness(a) != likeness(b) {
			t.Fatalf("%s and %s", a.JSON(), b.JSON())
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`{"type":["string","null"],"minLength":1,"format":"date-time"}`,
		`{"properties":{"a":{"$ref":"#"}},"required":["a"],"additionalProperties":false}`,
		`{"items":[{"const":1},true],"additionalItems":{"not":{}},"uniqueItems":true}`,
		`{"allOf":[{"$ref":"#"}]}`, `{"$ref":"#/$ref"}`, `{"if":{},"then":{"maximum":1,"exclusiveMaximum":true}}`,
	} {
		f.Add(seed, `{"a":[1,1,"x"]}`)
	}
	f.Fuzz(func(_ *testing.T, schema, value string) {
		d, err := expr.ParseJSON([]byte(schema))
		if err != nil {
			return
		}
		v, err := expr.ParseJSON([]byte(value))
		if err != nil {
			return
		}
		if s, err := Compile(d); err == nil {
			Report(s.Validate(v)).JSON()
		}
	})
}

func TestFormats(t *testing.T) {
	for format, values := range map[string][2][]string{
		"uuid":          {{"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, {"6ba7b8109dad11d180b400c04fd430c8", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}", "x"}},
		"date":          {{"2024-02-29"}, {"2023-02-29", "2024-2-9", "2024-02-29Z"}},
		"time":          {{"10:00:00Z", "23:59:60Z", "10:00:00.5+02:00"}, {"10:00", "10:00:60Z", "24:00:00Z"}},
		"date-time":     {{"2024-02-29T10:00:00Z", "2024-02-29t10:00:00.123456789+01:00"}, {"2024-02-29", "2024-02-29T10:00:00", "2024-02-29 10:00:00Z"}},
		"duration":      {{"P1D", "PT1H30M", "P1Y2M3DT4H5M6S", "P3W"}, {"P", "PT", "P1H", "1D", "PT1M1H", "P1D2W"}},
		"email":         {{"a@b.c", "a.b+c@d-e.org"}, {"a", "@b", "a b@c", "A <a@b.c>"}},
		"hostname":      {{"a", "a-b.c.", "EXAMPLE.com"}, {"", "-a", "a_b", "a..b"}},
		"ipv4":          {{"10.0.0.1"}, {"10.0.0", "256.0.0.1", "::1"}},
		"ipv6":          {{"::1", "fe80::1:2"}, {"10.0.0.1", "fe80::1%eth0", "g::"}},
		"uri":           {{"https://a/b?c#d", "urn:a:b", "mailto:a@b"}, {"/a", "a b", "https://a/ä", ""}},
		"uri-reference": {{"/a", "a?b", "", "https://a"}, {"a b", "a\\b"}},
		"uri-template":  {{"/a/{b}", ""}, {"/a/{b", "}", "{{a}}"}},
		"json-pointer":  {{"", "/a/~0~1"}, {"a", "/~2", "/~"}},
		"regex":         {{"^a+$"}, {"(", "[a"}},
		"unknown":       {{"anything"}, nil},
	} {
		for _, s := range values[0] {
			if !matchesFormat(format, s) {
				t.Errorf("%s refuses %q", format, s)
			}
		}
		for _, s := range values[1] {
			if matchesFormat(format, s) {
				t.Errorf("%s accepts %q", format, s)
			}
		}
	}
}
