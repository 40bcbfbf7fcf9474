package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// signInPage is what the page shows. Ask asks for the code of a device first.
type signInPage struct {
	App, Note, User, Problem, Code, Form string
	Ask                                  bool
}

const pageStyle = `:root{color-scheme:light dark;--text:#242424;--dim:#616161;--page:#fafafa;--card:#fff;--line:#d1d1d1;--accent:#0f6cbd;--on:#fff;--bad:#b10e1c}
@media(prefers-color-scheme:dark){:root{--text:#fff;--dim:#adadad;--page:#141414;--card:#292929;--line:#666;--accent:#479ef5;--on:#000;--bad:#eeacb2}}
body{font:14px/1.45 "Segoe UI",system-ui,sans-serif;margin:0;color:var(--text);background:var(--page)}
main{max-width:22rem;margin:12vh auto 2rem;padding:2rem;background:var(--card);border-radius:8px;box-shadow:0 2px 8px rgba(0,0,0,.14)}
h1{font-size:24px;line-height:32px;font-weight:600;margin:0 0 .25rem}p{margin:.25rem 0 1.25rem;color:var(--dim)}strong{color:var(--text);font-weight:600}
label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}label{font-weight:600}input{margin:.25rem 0 1rem;padding:.5rem .65rem;color:var(--text);background:var(--card);border:1px solid var(--line);border-radius:4px}
button{margin:.5rem 0 0;padding:.5rem;font-weight:600;color:var(--on);background:var(--accent);border:1px solid var(--accent);border-radius:4px;cursor:pointer}button[name=cancel]{color:var(--text);background:none;border-color:var(--line)}
:focus-visible{outline:2px solid var(--accent);outline-offset:1px}p[role=alert]{color:var(--bad)}@media(max-width:26rem){main{margin:0;border-radius:0;box-shadow:none;min-height:100vh;box-sizing:border-box}}`

var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Parse(`{{define "head"}}<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in to Isle</title>
<style>` + pageStyle + `</style></head><body><main>{{end}}
{{define "sign in"}}{{template "head"}}<h1>Sign in</h1>{{if .App}}<p>to continue to <strong>{{.App}}</strong></p>{{end}}{{if .Note}}<p>{{.Note}}</p>{{end}}
{{if .Code}}<p>Go on only if you began this sign-in yourself, on a device that shows the code {{.Code}}.</p>{{end}}
{{if .Problem}}<p role="alert">{{.Problem}}</p>{{end}}<form method="post" autocomplete="on"><input type="hidden" name="form" value="{{.Form}}">
{{if .Ask}}<label for="code">Code that the device shows</label><input id="code" name="code" autocomplete="off" autocapitalize="characters" required autofocus>{{else}}
{{if .Code}}<input type="hidden" name="code" value="{{.Code}}">{{end}}
<label for="username">User name</label><input id="username" name="username" value="{{.User}}" autocomplete="username" required autofocus>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>{{end}}
<button type="submit">{{if .Ask}}Next{{else}}Sign in{{end}}</button>{{if not .Ask}}<button type="submit" name="cancel" value="1" formnovalidate>Cancel</button>{{end}}</form></main></body></html>{{end}}
{{define "text"}}{{template "head"}}<h1>Isle</h1><p>{{.}}</p></main></body></html>{{end}}
{{define "post"}}{{template "head"}}<form method="post" action="{{.To}}">{{range $name, $values := .Values}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">{{end}}{{end}}
<button type="submit" autofocus>Continue</button></form></main></body></html>{{end}}`))
})

// serveSignIn answers the pages where people sign in; false if the path is none.
func (s *Service) serveSignIn(w http.ResponseWriter, r *http.Request) bool {
	tenant, path, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	switch path = strings.ToLower(path); {
	case path == "" && strings.EqualFold(tenant, "device"):
		s.serveDevice(w, r)
	case (path == "oauth2/v2.0/authorize" || path == "oauth2/authorize") && s.isTenant(tenant):
		s.serveAuthorize(w, r)
	default:
		return false
	}
	return true
}

// show writes a page. It loads nothing, runs no script, is in no frame, and its form goes
// here, from where the browser may be sent on to the client.
func (s *Service) show(w http.ResponseWriter, status int, name string, data any, formTo string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	style := sha256.Sum256([]byte(pageStyle))
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(style[:])+"'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"+formTo)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_ = pages().ExecuteTemplate(w, name, data)
}

// origin is where a redirect leads, as a policy names it.
func origin(redirect string) string {
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme == "" {
		return ""
	}
	if u.Scheme == "http" || u.Scheme == "https" {
		return " " + u.Scheme + "://" + u.Host
	}
	return " " + u.Scheme + ":"
}

func (s *Service) showSignIn(w http.ResponseWriter, r *http.Request, p signInPage, redirect string) {
	cookie := randomText(32)
	if old, err := r.Cookie(formCookieOf(r)); err == nil && len(old.Value) >= 32 {
		cookie = old.Value // another tab's form stays good
	}
	http.SetCookie(w, &http.Cookie{Name: formCookieOf(r), Value: cookie, Path: "/", Secure: r.TLS != nil, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	p.Form = s.formToken(cookie)
	p.User = clean(p.User)
	p.Code = clean(p.Code)
	status := http.StatusOK
	if p.Problem != "" {
		status = http.StatusForbidden
	}
	s.show(w, status, "sign in", p, origin(redirect))
}

func (s *Service) showDone(w http.ResponseWriter, text string) {
	s.show(w, http.StatusOK, "text", text, "")
}

func (s *Service) showFault(w http.ResponseWriter, f *fault) {
	if f.status == 0 {
		f.status = http.StatusBadRequest
	}
	s.show(w, f.status, "text", f.text(), "")
}

func (s *Service) showPost(w http.ResponseWriter, to string, values url.Values) {
	s.show(w, http.StatusOK, "post", struct {
		To     template.URL
		Values url.Values
	}{template.URL(to), values}, origin(to)) // the redirect URI was registered, or is on loopback
}

// text is a fault for a person.
func (f *fault) text() string {
	if f.code == 0 {
		return f.description
	}
	return fmt.Sprintf("AADSTS%d: %s", f.code, f.description)
}
