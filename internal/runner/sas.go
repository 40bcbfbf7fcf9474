package runner

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"
)

// A Link is a signed URL of an access endpoint (logic-api §1.7): who holds it may
// do what its permission says, until it expires.
type Link struct {
	FlowID     string
	Path       string    // escaped, from "/workflows/{flowId}"
	Permission string    // "/triggers/{t}/run", "/runs/{run}/contents/TriggerInputs/read", "//*"
	APIVersion string    // carried along, not signed
	Expires    time.Time // zero: never
}

const (
	signatureVersion = "1.0"
	anyPermission    = "//*"
	// expiryLayout is the form of `se`: seven fraction digits, UTC.
	expiryLayout = "2006-01-02T15:04:05.0000000Z"
)

// Why a signature does not open the door. The caller is told no more than this.
var (
	ErrSignatureMissing = errors.New("the request carries no signature")
	ErrSignatureInvalid = errors.New("the signature does not match the request")
	ErrSignatureExpired = errors.New("the signature has expired")
)

// Query is one parameter of a signed URL.
type Query struct{ Name, Value string }

// Queries are the parameters in the order in which the service writes them:
// api-version, se (only with an expiry), sp, sv, sig.
func (l Link) Queries(key []byte) []Query {
	q := make([]Query, 0, 5)
	if l.APIVersion != "" {
		q = append(q, Query{"api-version", l.APIVersion})
	}
	expires := ""
	if !l.Expires.IsZero() {
		expires = l.Expires.UTC().Format(expiryLayout)
		q = append(q, Query{"se", expires})
	}
	return append(q,
		Query{"sp", l.Permission},
		Query{"sv", signatureVersion},
		Query{"sig", signature(key, l.FlowID, l.Permission, expires)})
}

// URL is the link below a base such as "https://host:8443".
func (l Link) URL(base string, key []byte) string {
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(base, "/"))
	b.WriteString(l.Path)
	for i, q := range l.Queries(key) {
		if i == 0 {
			b.WriteByte('?')
		} else {
			b.WriteByte('&')
		}
		b.WriteString(q.Name)
		b.WriteByte('=')
		b.WriteString(strings.ReplaceAll(url.QueryEscape(q.Value), "+", "%20"))
	}
	return b.String()
}

// TriggerLink is the callback URL of a trigger; relativePath is escaped and has no
// leading slash.
func TriggerLink(flowID, version, trigger, relativePath, apiVersion string) Link {
	scope := ""
	if version != "" {
		scope = "/versions/" + version
	}
	l := Link{
		FlowID:     flowID,
		Path:       "/workflows/" + flowID + scope + "/triggers/" + url.PathEscape(trigger) + "/paths/invoke",
		Permission: scope + "/triggers/" + trigger + "/run",
		APIVersion: apiVersion,
	}
	if relativePath != "" {
		l.Path += "/" + relativePath
	}
	return l
}

// ContentLink is the link to the inputs or outputs of a record of a run. The
// owner is "" for the trigger, else "/actions/{a}" or
// "/actions/{a}/repetitions/{000001}"; content is "TriggerInputs", "ActionOutputs"….
// It lasts from the start of the current hour for four hours, so that two reads of
// one record give one URL.
func ContentLink(flowID, run, owner, content, apiVersion string, now time.Time) Link {
	return contentLink(flowID, "/runs/"+run+owner+"/contents/"+content, apiVersion, now)
}

// FiringLink is the link to the inputs or outputs of a firing that began no run, which
// the trigger's history keeps; it lasts as long.
func FiringLink(flowID, trigger, history, content, apiVersion string, now time.Time) Link {
	return contentLink(flowID, "/triggers/"+trigger+"/histories/"+history+"/contents/"+content, apiVersion, now)
}

func contentLink(flowID, path, apiVersion string, now time.Time) Link {
	return Link{
		FlowID:     flowID,
		Path:       "/workflows/" + flowID + escapePath(path),
		Permission: path + "/read",
		APIVersion: apiVersion,
		Expires:    now.UTC().Truncate(time.Hour).Add(4 * time.Hour),
	}
}

// CallbackLink is the callback URL of a webhook action. The repetition is "" outside
// of loops, else its name such as "000001-000000".
func CallbackLink(flowID, run, action, repetition, apiVersion string) Link {
	owner := "/runs/" + run + "/actions/" + action
	if repetition != "" {
		owner += "/repetitions/" + repetition
	}
	return Link{
		FlowID:     flowID,
		Path:       "/workflows/" + flowID + escapePath(owner) + "/run",
		Permission: owner + "/run",
		APIVersion: apiVersion,
	}
}

func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// Verify checks that the query's signature grants the permission on the workflow
// under one of its keys. Names of triggers and actions ignore case, like
// everywhere in the service.
func Verify(keys [][]byte, flowID, permission string, query url.Values, now time.Time) error {
	sig, ok := single(query, "sig")
	if !ok {
		return ErrSignatureMissing
	}
	granted, ok1 := single(query, "sp")
	version, ok2 := single(query, "sv")
	expires, ok3 := single(query, "se")
	if !ok1 || !ok2 || (!ok3 && query.Has("se")) || version != signatureVersion {
		return ErrSignatureInvalid
	}
	match := false
	for _, key := range keys {
		// Every key is tried, so that the time does not tell which one matched.
		if len(key) > 0 && hmac.Equal([]byte(sig), []byte(signature(key, flowID, granted, expires))) {
			match = true
		}
	}
	if !match || granted != anyPermission && !strings.EqualFold(granted, permission) {
		return ErrSignatureInvalid
	}
	if expires == "" {
		return nil
	}
	until, err := time.Parse(time.RFC3339Nano, expires)
	if err != nil {
		return ErrSignatureInvalid
	}
	if !now.Before(until) {
		return ErrSignatureExpired
	}
	return nil
}

// single is the value of a parameter that is given exactly once.
func single(q url.Values, name string) (string, bool) {
	if v := q[name]; len(v) == 1 && v[0] != "" {
		return v[0], true
	}
	return "", false
}

// signature is HMAC-SHA256 over the canonical text, as 43 characters of base64url.
func signature(key []byte, flowID, permission, expires string) string {
	text := make([]byte, 0, 256)
	for _, part := range [...]string{"isle access 1", strings.ToLower(flowID), permission, expires, signatureVersion} {
		text = append(append(text, part...), '\n')
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(text)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
