package http

import (
	"net/url"
	"testing"
)

// wdl-semantics §11.10: uri, as System.Uri reads it.
func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"http://h":                              "http://h",
		" HTTP://Host:8080/a ":                  "http://Host:8080/a",
		"http://h/a b?c=d e":                    "http://h/a%20b?c=d%20e",
		"http://h/a%20b%2Fc?d=%2F":              "http://h/a%20b%2Fc?d=%2F",
		"http://h/100%?x=5%&y=%zz":              "http://h/100%25?x=5%25&y=%25zz",
		"http://h/ä?ö=ü":                        "http://h/%C3%A4?%C3%B6=%C3%BC",
		"http://h/a/../b/./c?d=../e":            "http://h/b/c?d=../e",
		"http://h/a//b/":                        "http://h/a//b/",
		`http://h\a\b?c=\d`:                     "http://h/a/b?c=%5Cd",
		"http://h/?f={\"a\":[1,'x']}|y":         "http://h/?f=%7B%22a%22:[1,'x']%7D%7Cy",
		"http://h/$metadata?$filter=a eq 'b+c'": "http://h/$metadata?$filter=a%20eq%20'b+c'",
		"http://h?q=1":                          "http://h?q=1",
		"http://h/a\r\nb":                       "http://h/a%0D%0Ab",
		"http://h/a#fragment?x":                 "http://h/a",
		"http://bücher.example:81/":             "http://xn--bcher-kva.example:81/",
		"http://u:p%40w@h/":                     "http://u:p%40w@h/",
		"http://[::1]:8080/x":                   "http://[::1]:8080/x",
		"https://h/(a)!*;x=1,2@3:4~":            "https://h/(a)!*;x=1,2@3:4~",
		"ftp://h/x":                             "",
		"/relative":                             "",
		"h/x":                                   "",
		"http:///x":                             "",
		"http://":                               "",
		"http://[::1":                           "",
		"http://h:99999/":                       "",
		"http://h:0/":                           "",
		"http://h:x/":                           "",
		"http://a b/":                           "",
		"http:h/x":                              "",
		"":                                      "",
	} {
		u, err := parseAddress(text)
		got := ""
		if err == nil {
			got = u.String()
		}
		if got != want {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
}

// wdl-semantics §11.11: Location, relative to what was asked.
func TestLocations(t *testing.T) {
	base, err := url.Parse("https://h/a/b?c=d")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"/status?id=1": "https://h/status?id=1", "next": "https://h/a/next", "?page=2": "https://h/a/b?page=2",
		"//other/x": "https://other/x", "http://o/x y#f": "http://o/x%20y", "../x/./y": "https://h/x/y", "": "https://h/a/b?c=d",
		"file:///etc/passwd": "", "mailto:a@b": "", "http://": "", "javascript:x": "",
	} {
		u, err := resolve(base, text)
		got := ""
		if err == nil {
			got = u.String()
		}
		if got != want {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"http://h/a b?c#d", `http://h\a`, "//h/x", "?%zz", "http://bücher:1/\x00", "http://u@[::1%25en0]:1/.."} {
		f.Add(s)
	}
	base, _ := url.Parse("http://h/a/b?c")
	f.Fuzz(func(t *testing.T, text string) {
		for _, read := range []func() (*url.URL, error){
			func() (*url.URL, error) { return parseAddress(text) },
			func() (*url.URL, error) { return resolve(base, text) },
		} {
			u, err := read()
			if err != nil {
				continue
			}
			again, err := parseAddress(u.String())
			if err != nil || again.String() != u.String() {
				t.Fatalf("%q is %q, read again %v, %v", text, u, again, err)
			}
			for _, c := range []byte(u.RequestURI()) {
				if c <= ' ' || c >= 0x7f {
					t.Fatalf("%q: %q", text, u.RequestURI())
				}
			}
		}
	})
}
