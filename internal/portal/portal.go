// Package portal serves the web UI: the files that `make build` makes of the sources in
// ui, embedded in the binary. They hold nothing of a server, so they need no login; what
// the UI shows it asks the resource manager for, in the name of whoever signed in.
//
// Files have hashed names and are kept compressed, as brotli and gzip; a browser may
// keep them for ever. Every path below /portal/ that is no file is the UI's own, and
// answered with its page. A binary that was built without npm has a page that says so.
package portal

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// Root is the path that the UI lies at.
const Root = "/portal/"

// Portal is the handler of "/", "/portal" and what is below.
type Portal struct {
	files fs.FS             // of the UI; nil if it was not built
	page  file              // of every path that is no file
	kinds map[string]string // content types by extension
}

// file is one that a browser loads. Each form is nil if there is none.
type file struct {
	brotli, gzip, plain []byte
	kind, tag           string
}

// New opens the UI that the binary has.
func New() (*Portal, error) {
	built, err := fs.Sub(dist, "dist/ui")
	if err != nil {
		return nil, err
	}
	p := &Portal{files: built, kinds: map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json", ".ttf": "font/ttf", ".woff2": "font/woff2"}}
	p.page, err = p.read("index.html")
	if errors.Is(err, fs.ErrNotExist) {
		p.files = nil
		placeholder, err := dist.ReadFile("dist/placeholder.html")
		p.page = file{plain: placeholder, kind: htmlKind, tag: tagOf(placeholder)}
		return p, err
	}
	return p, err
}

// Built tells whether the binary has the UI, or only the page that says that it has not.
func (p *Portal) Built() bool { return p.files != nil }

const htmlKind = "text/html; charset=utf-8"

// read finds a file in the forms that the build left.
func (p *Portal) read(name string) (file, error) {
	if p.files == nil || !fs.ValidPath(name) {
		return file{}, fs.ErrNotExist
	}
	f := file{kind: p.kindOf(name)}
	var failed error
	for suffix, form := range map[string]*[]byte{".br": &f.brotli, ".gz": &f.gzip, "": &f.plain} {
		content, err := fs.ReadFile(p.files, name+suffix)
		if err == nil {
			*form = content
		} else if !errors.Is(err, fs.ErrNotExist) {
			failed = err
		}
	}
	if failed == nil && f.gzip == nil && f.plain == nil {
		failed = fs.ErrNotExist
	}
	f.tag = tagOf(f.gzip, f.plain)
	return f, failed
}

func (p *Portal) kindOf(name string) string {
	extension := path.Ext(name)
	if extension == ".html" {
		return htmlKind
	}
	if kind := p.kinds[extension]; kind != "" {
		return kind
	}
	if kind := mime.TypeByExtension(extension); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

func tagOf(contents ...[]byte) string {
	h := sha256.New()
	for _, c := range contents {
		h.Write(c)
	}
	return `"` + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16]) + `"`
}

// policy lets the page load from its own origin only, run no script that is not a file,
// and be in no frame. Styles may be inline: the editor and the component library make
// them while they run, and there is nowhere that they could send anything.
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// ServeHTTP answers GET and HEAD.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	name, below := strings.CutPrefix(r.URL.Path, Root)
	if !below && p.Built() {
		h.Set("Cache-Control", "no-cache")
		http.Redirect(w, r, Root, http.StatusFound)
		return
	}
	if !strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "no-cache")
		send(w, r, p.page)
		return
	}
	f, err := p.read(name)
	if err != nil {
		h.Set("Cache-Control", "no-store")
		http.Error(w, "The portal has no such file: it is another version's. Load the page again.", http.StatusNotFound)
		return
	}
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	send(w, r, f)
}

// send writes a file in a form that the client takes.
func send(w http.ResponseWriter, r *http.Request, f file) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", f.tag)
	h.Add("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.plain
	switch {
	case f.brotli != nil && takes(r, "br"):
		h.Set("Content-Encoding", "br")
		body = f.brotli
	case f.gzip != nil && takes(r, "gzip"):
		h.Set("Content-Encoding", "gzip")
		body = f.gzip
	case body == nil:
		body = unpacked(f.gzip)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// takes tells whether a client accepts a content coding (RFC 9110 §12.5.3).
func takes(r *http.Request, coding string) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			weight = strings.ReplaceAll(weight, " ", "")
			return weight != "q=0" && !strings.HasPrefix(weight, "q=0.0")
		}
	}
	return false
}

// unpacked is for the rare client that takes no coding. The files are the build's own.
func unpacked(content []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil
	}
	plain, _ := io.ReadAll(r)
	return plain
}
