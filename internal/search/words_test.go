package search

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		" - .":                           "",
		"Order A-1001, paid.":            "order a-1001 a 1001 paid",
		"jane.doe@contoso.com":           "jane.doe@contoso.com jane doe@contoso.com doe contoso.com contoso com",
		"https://api.contoso.com/o/17?x": "https api.contoso.com api contoso.com contoso com o 17 x",
		"2024-03-15T10:30:45Z":           "2024-03-15t10 2024 03 15t10 30 45z",
		"12.50 -3":                       "12.50 12 50 3",
		"Straße STRASSE":                 "strasse strasse",
		"Ko\u0308ln köln":                "köln köln",
		"東京 2024年":                       "東 京 2024 年",
		"naïve Ελλάς ПРИВЕТ":             "naïve ελλάσ привет",
		`{"a_b":"c--d"}`:                 "a_b a b c--d c d",
		"a\xffb":                         "a b",
	} {
		var got []string
		words(text, func(w string) bool {
			parts(w, func(p string) { got = append(got, p) })
			return true
		})
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q:\n got %s\nwant %s", text, s, want)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"Order a-1":  "order a-1",
		"A-*":        "a-*",
		"x/Con*":     "x con*",
		"ab..* c.d.": "ab..* c.d",
		"a*":         "before '*' at least two characters are needed: 'a*'",
		"a*b":        "'*' may only stand at the end of a word: 'a*b'",
		"\xff":       "it is not UTF-8",
		"-":          "there is no letter or digit in '-'",
	} {
		all, got := Parse(text)
		for i, group := range all {
			if i > 0 {
				got += " "
			}
			if got += group[0].Text; group[0].Prefix {
				got += "*"
			}
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// Whatever a text is, its words are not empty, and folding them again changes nothing; so
// each of them, looked for, is found.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"A-1", "東京", "Straße", "a@b.c", "\xff", "İ ŉ ǰ ΐ ﬁ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var found []string
		words(text, func(w string) bool {
			parts(w, func(p string) { found = append(found, p) })
			return true
		})
		for _, w := range found {
			if w == "" || !utf8.ValidString(w) {
				t.Fatalf("%q has the word %q", text, w)
			}
		}
		if !utf8.ValidString(text) {
			return
		}
		for _, piece := range strings.Fields(text) {
			all, problem := Parse(piece)
			if problem != "" || strings.Contains(piece, "*") { // the text has no such word
				continue
			}
			for _, group := range all {
				if !slices.Contains(found, group[0].Text) {
					t.Fatalf("%q is looked for as %q, which is not among %q", piece, group[0].Text, found)
				}
			}
		}
	})
}
