package server

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// fuzzed is a request that a fault may have changed.
type fuzzed struct {
	method, target, body string
	header               http.Header
}

// request makes a request of a form: to one of the population, or to a neighbour of it.
func request(f *surface, random *rand.Rand, form int) fuzzed {
	p := f.forms[form]
	r := fuzzed{method: p.Method, header: http.Header{"Content-Type": {"application/json"}}}
	path := f.pathOf(p.Pattern, random)
	r.body = f.bodyOf(p.Method, path)
	query := url.Values{"api-version": {f.version(path)}}
	if random.IntN(3) > 0 && r.body != "" {
		r.body = damaged(r.body, random)
	}
	switch random.IntN(6) {
	case 0:
		path = damagedPath(path, random)
	case 1:
		query = damagedQuery(query, random)
	case 2:
		r.header = damagedHeader(r.header, random)
	case 3:
		r.method = pick(random, http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodOptions, "BREW", "put")
	}
	r.target = path + "?" + query.Encode()
	return r
}

// pathOf is a path of the form that names what is there, or sometimes what is not.
func (f *surface) pathOf(pattern string, random *rand.Rand) string {
	known := map[string]string{"subscription": strings.TrimPrefix(f.base, "/subscriptions/"), "group": "g", "namespace": "Microsoft.Logic", "location": "westeurope", "workflow": "flow",
		"deployment": "d", "tag": "cost", "value": "high", "trigger": "manual", "run": "08584000000000000000000000000CU00", "action": "A"}
	for _, p := range population() {
		segments := strings.Split(p[0], "/")
		for i := 0; i+1 < len(segments); i += 2 {
			if segments[i] != "resourceGroups" {
				known[segments[i]] = segments[i+1]
			}
		}
	}
	return named.ReplaceAllStringFunc(pattern, func(name string) string {
		v, ok := known[strings.Trim(name, "{}")]
		if name != "{subscription}" && (!ok || random.IntN(8) == 0) {
			return pick(random, "other", "x y", "été", "con", strings.Repeat("n", 90))
		}
		return v
	})
}

// bodyOf is what may be sent there.
func (f *surface) bodyOf(method, path string) string {
	lower := strings.ToLower(path)
	switch method {
	case http.MethodPut, http.MethodPatch:
		if body, ok := f.seeds[lower]; ok {
			return body
		}
		return `{"location":"westeurope","properties":{}}`
	case http.MethodPost:
		for end, body := range f.seeds {
			if strings.HasSuffix(lower, end) && !strings.HasPrefix(end, "/subscriptions") {
				return body
			}
		}
		return "{}"
	}
	return ""
}

func pick[T any](random *rand.Rand, of ...T) T { return of[random.IntN(len(of))] }

// damaged changes a body: its text, or a few places of what it says.
func damaged(body string, random *rand.Rand) string {
	var v any
	if random.IntN(12) == 0 || json.Unmarshal([]byte(body), &v) != nil {
		at := random.IntN(len(body) + 1)
		return pick(random, body[:at], body[:at]+pick(random, "\x00", "}", "\"", "\ufeff", "\xff", ",")+body[at:], "", "null", "[]", `"x"`, strings.Repeat("[", 20_000))
	}
	for range 1 + random.IntN(3) {
		v = damagedValue(v, random, random.IntN(6))
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	return string(text)
}

// damagedValue changes a place at most so deep in a value.
func damagedValue(v any, random *rand.Rand, depth int) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 || depth == 0 {
			break
		}
		names := slices.Sorted(maps.Keys(v))
		name := names[random.IntN(len(names))]
		switch random.IntN(10) {
		case 0:
			delete(v, name)
		case 1:
			v[caseless(name, random)] = v[name]
		case 2:
			v[pick(random, "", "extra", "$ref", "id", "properties", "__proto__")] = odd(random)
		default:
			v[name] = damagedValue(v[name], random, depth-1)
		}
		return v
	case []any:
		if len(v) == 0 || depth == 0 {
			break
		}
		at := random.IntN(len(v))
		switch random.IntN(6) {
		case 0:
			return append(v, v[at])
		case 1:
			return append(v[:at:at], v[at+1:]...)
		}
		v[at] = damagedValue(v[at], random, depth-1)
		return v
	case string:
		if random.IntN(2) == 0 {
			return pick(random, v+"x", caseless(v, random), v+"/", strings.Repeat(v+"-", 50), "@{"+v+"}", "["+v+"]", " "+v, v[:len(v)/2], v+"\x00")
		}
	}
	return odd(random)
}

// odd is a value that hardly anything expects.
func odd(random *rand.Rand) any {
	return pick[any](random, nil, true, "", "x", 0, -1, 1e300, json.Number("123456789012345678901234567890"), 0.5, []any{}, []any{nil}, map[string]any{}, map[string]any{"id": nil}, map[string]any{"value": []any{map[string]any{}}},
		"/subscriptions/x", "9999-99-99T99:99:99Z", "P1Y", strings.Repeat("é", 300), "0.0.0.0/0", "::/0", "@parameters('p')", "[concat('a')]", "http://[::1]:0/%zz")
}

// caseless changes letters' case.
func caseless(text string, random *rand.Rand) string {
	return strings.Map(func(c rune) rune {
		if random.IntN(2) == 0 {
			return unicode.ToUpper(c)
		}
		return unicode.ToLower(c)
	}, text)
}

func damagedPath(path string, random *rand.Rand) string {
	segments := strings.Split(path, "/")
	at := 1 + random.IntN(len(segments)-1)
	switch random.IntN(8) {
	case 0:
		return caseless(path, random)
	case 1:
		segments[at] = pick(random, "", ".", "..", "%", "a/b", "\\", "\x00", "a?b", "#", "\xff", "{x}", "'", "providers", strings.Repeat("l", 20_000))
	case 2:
		segments = append(segments[:at:at], segments[at+1:]...)
	case 3:
		segments = append(segments[:at:at], append([]string{segments[at]}, segments[at:]...)...)
	case 4:
		return path + pick(random, "/", "//", "/providers", "/providers/Microsoft.Resources/tags/default", "/providers/Microsoft.Authorization/locks/x", "/operationStatuses/1", "/x")
	case 5:
		return strings.Replace(path, "/", "//", 1+random.IntN(3))
	case 6:
		return "/" + strings.Join(segments[:at+1], "/")
	default:
		return path + path
	}
	return strings.Join(segments, "/")
}

func damagedQuery(query url.Values, random *rand.Rand) url.Values {
	switch random.IntN(4) {
	case 0:
		query.Set("api-version", pick(random, "", "x", "2019-05-01-preview", "9999-12-31", "2019-13-01", "2019-05-01'", strings.Repeat("1", 300)))
	case 1:
		query.Set(pick(random, "$filter", "$FILTER"), pick(random, "name eq 'x'", "name eq", "((((", "substringof('x', name)", "startswith(name,'", "tagName eq 'a' and tagValue eq 'b'", strings.Repeat("(", 5000), "name eq '"+strings.Repeat("'", 99), "a/b eq null", "status eq 'Failed' or not"))
	case 2:
		query.Set("$top", pick(random, "0", "-1", "1", "1001", "x", "99999999999999999999"))
	default:
		query.Set(pick(random, "$skiptoken", "$expand", "$select", "forceDeletionTypes", "export"), pick(random, "", "x", "AAAA", "%00", strings.Repeat("t", 3000)))
	}
	return query
}

func damagedHeader(header http.Header, random *rand.Rand) http.Header {
	header.Set(pick(random, "If-Match", "If-None-Match", "Content-Type", "x-ms-client-request-id", "x-ms-correlation-request-id", "Accept-Language", "Range", "Prefer"),
		pick(random, "", "*", `"x"`, `W/"x"`, "x", `"a","b"`, "text/plain", strings.Repeat("h", 3000), "\x7f"))
	return header
}
