package expr

import "testing"

func TestTakesURIsApart(t *testing.T) {
	for text, want := range map[string]absoluteURI{
		"https://www.localhost.com:8080":     {"https", "www.localhost.com", "/", "", 8080},
		"https://x.com/p":                    {"https", "x.com", "/p", "", 443},
		"HTTP://X.Com/A/../b?q=1&r=%20#frag": {"http", "x.com", "/b", "?q=1&r=%20", 80},
		"https://u:p@h/a b?c d":              {"https", "h", "/a%20b", "?c%20d", 443},
		"http://[::1]:81/":                   {"http", "[::1]", "/", "", 81},
		"ftp://h/ä":                          {"ftp", "h", "/%C3%A4", "", 21},
		"urn:isbn:1":                         {"urn", "", "isbn:1", "", -1},
		"http://h/a/./b/..":                  {"http", "h", "/a/", "", 80},
		"http://h?x":                         {"http", "h", "/", "?x", 80},
		"custom://host/path":                 {"custom", "host", "/path", "", -1},
	} {
		if got, ok := parseAbsoluteURI(text); !ok || got != want {
			t.Errorf("%s: %+v %v, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "x", "/a/b", "//h/p", "http://", "http://h:99999/", "http://h:x/", "http://[::1"} {
		if got, ok := parseAbsoluteURI(text); ok {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

func FuzzURI(f *testing.F) {
	f.Add("https://h:1/a/../b?c#d")
	f.Fuzz(func(_ *testing.T, text string) { parseAbsoluteURI(text) })
}
