package connector

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"isle/expr"
)

// wdl-semantics §7.1
func TestReadBody(t *testing.T) {
	for _, c := range []struct{ name, contentType, body, want string }{
		{"nothing", "", "", "absent"},
		{"empty JSON", "application/json", "", "absent"},
		{"JSON", "application/json", `{"a": 1}`, `{"a":1}`},
		{"JSON null is present", "application/json; charset=utf-8", "null", "null"},
		{"plus json", "application/problem+json", "[1]", "[1]"},
		{"Newtonsoft's leniency", "application/json", "{'a':1,}", `{"a":1}`},
		{"byte order mark", "application/json", "\ufeff[1]", "[1]"},
		{"text", "text/plain", "hé", `"hé"`},
		{"latin 1", "text/plain; charset=iso-8859-1", "h\xe9", `"hé"`},
		{"utf-16", "text/plain; charset=utf-16", "h\x00i\x00", `"hi"`},
		{"xml as text", "text/xml", "<a/>", `"<a/>"`},
		{"xml", "application/xml;charset=utf-8", "<a/>", `{"$content-type":"application/xml;charset=utf-8","$content":"PGEvPg=="}`},
		{"octets", "application/octet-stream", "\x00", `{"$content-type":"application/octet-stream","$content":"AA=="}`},
		{"no type", "", "x", `{"$content-type":"application/octet-stream","$content":"eA=="}`},
		{"form", "application/x-www-form-urlencoded", "b=1+2&a=%20&b&=x&%zz=1", `{"$content-type":"application/x-www-form-urlencoded","$content":"Yj0xKzImYT0lMjAmYiY9eCYleno9MQ==","$formdata":[{"key":"b","value":"1 2"},{"key":"a","value":" "},{"key":"b","value":""},{"key":"","value":"x"},{"key":"%zz","value":"1"}]}`},
	} {
		v, present, err := ReadBody(c.contentType, []byte(c.body))
		got := string(v.JSON())
		if !present {
			got = "absent"
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.name, got, err, c.want)
		}
	}
}

func TestReadBodyRefuses(t *testing.T) {
	for _, c := range []struct{ name, contentType, body string }{
		{"no JSON", "application/json", "{"},
		{"invalid UTF-8", "text/plain", "a\xff"},
		{"unknown charset", "text/plain; charset=klingon", "a"},
		{"multipart without a boundary", "multipart/mixed", "--x--"},
		{"multipart that ends early", "multipart/mixed; boundary=x", "--x\r\n\r\nhello"},
	} {
		_, present, err := ReadBody(c.contentType, []byte(c.body))
		var content *ContentError
		if present || !errors.As(err, &content) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestReadMultipart(t *testing.T) {
	body := strings.ReplaceAll(`--x
Content-Type: text/plain; charset=utf-8
Content-Disposition: form-data; name=a

hi
--x
Content-Disposition: form-data; name=b

raw
--x--
`, "\n", "\r\n")
	v, present, err := ReadBody("multipart/form-data; boundary=x", []byte(body))
	if err != nil || !present {
		t.Fatal(err)
	}
	parts, _ := v.Get("$multipart")
	want := `[{"headers":{"Content-Disposition":"form-data; name=a","Content-Type":"text/plain; charset=utf-8","Content-Length":"2"},"body":"hi"},` +
		`{"headers":{"Content-Disposition":"form-data; name=b","Content-Length":"3"},"body":{"$content-type":"application/octet-stream","$content":"cmF3"}}]`
	if got := string(parts.JSON()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// wdl-semantics §7.2
func TestWriteBody(t *testing.T) {
	for _, c := range []struct{ value, body, contentType string }{
		{`null`, "", ""},
		{`"text"`, "text", "text/plain; charset=utf-8"},
		{`""`, "", "text/plain; charset=utf-8"},
		{`{"a":[1,true]}`, `{"a":[1,true]}`, "application/json; charset=utf-8"},
		{`[1]`, `[1]`, "application/json; charset=utf-8"},
		{`1.5`, `1.5`, "application/json; charset=utf-8"},
		{`true`, `true`, "application/json; charset=utf-8"},
		{`{"$content-type":"image/png","$content":"AAE="}`, "\x00\x01", "image/png"},
		{`{"$content-type":"image/png"}`, `{"$content-type":"image/png"}`, "application/json; charset=utf-8"},
		{`{"$content-type":1,"$content":"AAE="}`, `{"$content-type":1,"$content":"AAE="}`, "application/json; charset=utf-8"},
		{`{"$content-type":"multipart/form-data; boundary=x","$multipart":[{"body":"hi","headers":{"content-disposition":"form-data; name=a"}},{"body":{"b":1}}]}`,
			"--x\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhi\r\n--x\r\nContent-Type: application/json; charset=utf-8\r\n\r\n{\"b\":1}\r\n--x--\r\n",
			"multipart/form-data; boundary=x"},
	} {
		v, err := expr.ParseJSON([]byte(c.value))
		if err != nil {
			t.Fatal(err)
		}
		body, contentType, err := WriteBody(v)
		if err != nil || string(body) != c.body || contentType != c.contentType {
			t.Errorf("%s: %q, %q, %v", c.value, body, contentType, err)
		}
	}
	for _, bad := range []string{
		`{"$content-type":"a/b","$content":"?"}`,
		`{"$content-type":"multipart/form-data","$multipart":[{"body":"x","headers":{"a\r\nb":"c"}}]}`,
		`{"$content-type":"multipart/form-data; boundary=\"a\nb\"","$multipart":[]}`,
	} {
		v, _ := expr.ParseJSON([]byte(bad))
		if _, _, err := WriteBody(v); err == nil && !strings.Contains(bad, "boundary") {
			t.Errorf("%s was written", bad)
		}
	}
}

func TestGeneratedBoundaryReadsBack(t *testing.T) {
	v, _ := expr.ParseJSON([]byte(`{"$content-type":"multipart/form-data","$multipart":[{"body":"hi","headers":{"Content-Disposition":"form-data; name=a"}}]}`))
	body, contentType, err := WriteBody(v)
	if err != nil {
		t.Fatal(err)
	}
	back, _, err := ReadBody(contentType, body)
	if err != nil {
		t.Fatal(err)
	}
	parts, _ := back.Get("$multipart")
	part, _ := parts.Index(0).Get("body")
	if part.Text() != "hi" {
		t.Errorf("%s", parts.JSON())
	}
}

// wdl-semantics §9: general headers by name, then content headers.
func TestReadHeaders(t *testing.T) {
	got := string(ReadHeaders(http.Header{
		"X-B": {"1", "2"}, "Accept": {"*/*"}, "Content-Length": {"3"}, "Content-Type": {"a/b"}, "Content-Language": {"de"}, "Authorization": {"secret"},
	}, func(name string) bool { return name == "Authorization" }).JSON())
	if want := `{"Accept":"*/*","X-B":"1,2","Content-Language":"de","Content-Type":"a/b","Content-Length":"3"}`; got != want {
		t.Errorf("got %s", got)
	}
}

// wdl-semantics §10.2, §11.11
func TestSentHeader(t *testing.T) {
	for name, want := range map[string][2]bool{ // request, response
		"Accept": {true, true}, "Accept-Language": {false, true}, "Allow": {false, false},
		"Content-Type": {true, true}, "content-encoding": {true, true}, "Content-Disposition": {true, true},
		"Content-Length": {false, false}, "Content-MD5": {false, false}, "Cookie": {false, false}, "Expires": {false, false},
		"Host": {false, true}, "Last-Modified": {false, false}, "Origin": {false, true}, "Set-Cookie": {false, false},
		"Transfer-Encoding": {false, false}, "X-Custom": {true, true}, "Authorization": {true, true}, "Connection": {false, false},
	} {
		if got := [2]bool{SentHeader(name, true), SentHeader(name, false)}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestSanitise(t *testing.T) {
	in := `{"method":"GET","uri":"https://u:p@h/x?a=1&sig=abc","queries":{"Sig":"s","b":"2"},"headers":{"authorization":"Bearer t","X":"1"},"cookie":"c","body":"keep","authentication":{"type":"Basic","username":"u","password":"p"}}`
	want := `{"method":"GET","uri":"https://*sanitized*@h/x?a=1&sig=*sanitized*","queries":{"Sig":"*sanitized*","b":"2"},"headers":{"authorization":"*sanitized*","X":"1"},"cookie":"*sanitized*","body":"keep","authentication":{"type":"Basic","username":"u","password":"*sanitized*"}}`
	v, _ := expr.ParseJSON([]byte(in))
	got, changed := Sanitise(v)
	if !changed || string(got.JSON()) != want {
		t.Errorf("%s", got.JSON())
	}
	plain, _ := expr.ParseJSON([]byte(`{"method":"GET","uri":"https://h/x?a=1","headers":{"X":"1"}}`))
	if got, changed := Sanitise(plain); changed || !expr.Equal(got, plain) {
		t.Errorf("%s", got.JSON())
	}
}

func FuzzReadBody(f *testing.F) {
	f.Add("application/json", []byte(`{"a":1}`))
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\na: b\r\n\r\nhi\r\n--x--\r\n"))
	f.Add("application/x-www-form-urlencoded", []byte("a=b&c"))
	f.Add("text/plain; charset=utf-16", []byte("\xff\xfea\x00"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		v, present, err := ReadBody(contentType, body)
		if err != nil {
			return
		}
		if present != (len(body) > 0) {
			t.Fatal("presence does not follow the body")
		}
		text := v.JSON()
		if !utf8.Valid(text) && utf8.ValidString(contentType) {
			t.Fatalf("the value is not UTF-8: %q", text)
		}
		if _, _, err := WriteBody(v); err != nil && v.Kind() == expr.KindString {
			t.Fatal(err)
		}
	})
}
