package account

import (
	"context"
	"fmt"
	"mime"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/runner"
	"isle/internal/store"
	"isle/wdl"
)

// Signed links to accounts and to what artifacts hold (logic-api §1.7). They have the
// form of the links of workflows, and always this api-version.
const (
	linkVersion = "2015-08-01-preview"
	linkLife    = 4 * time.Hour // of a link that is shown with an artifact
)

// signed is a link below an account.
type signed struct{ runner.Link }

func linkPath(home *account, segment, name string) string {
	return "/integrationAccounts/" + home.ID + "/" + segment + "/" + url.PathEscape(name) + "/contents/Value"
}

// contentLink is the link to what an artifact holds.
func contentLink(home *account, k *kind, name string) signed {
	return signed{runner.Link{FlowID: home.ID, Path: linkPath(home, k.segment, name), Permission: Permission(k.segment, name), APIVersion: linkVersion}}
}

func (l signed) until(t time.Time) signed {
	l.Expires = t
	return l
}

// Permission is what a link to an artifact's content must grant.
func Permission(segment, name string) string { return "/" + segment + "/" + name + "/read" }

// sign makes a link as the request asks for it, and where its base is.
func (s *Service) sign(r *arm.Request, home *account, link signed) (url, base string, queries []runner.Query, err error) {
	k, err := r.Key()
	if err != nil {
		return "", "", nil, err
	}
	link = link.until(k.NotAfter)
	access, key := s.config.Access(home.Environment), home.key(k.Secondary)
	return link.URL(access, key), strings.TrimSuffix(access, ":443") + link.Path, link.Queries(key), nil
}

// listCallbackURL gives the URL of the whole account.
func (s *Service) listCallbackURL(_ context.Context, r *arm.Request) (*arm.Response, error) {
	home, err := decode[account](r.Resource)
	if err != nil {
		return nil, err
	}
	link := signed{runner.Link{FlowID: home.ID, Path: "/integrationAccounts/" + home.ID, Permission: "//*", APIVersion: linkVersion}}
	value, base, queries, err := s.sign(r, home, link)
	if err != nil {
		return nil, err
	}
	shown := expr.Object()
	for _, q := range queries {
		shown = shown.With(q.Name, expr.String(q.Value))
	}
	return arm.Reply(expr.Object(text("value", value), text("basePath", base), member("queries", shown))), nil
}

// listContentCallbackURL gives the URL of what an artifact holds. Its queries say the
// api-version alone (logic-api §1.7).
func (s *Service) listContentCallbackURL(k *kind) arm.Handler {
	return func(ctx context.Context, r *arm.Request) (*arm.Response, error) {
		var home *account
		err := s.control.Read(ctx, func(tx *store.Tx) (err error) {
			home, err = homeOf(tx, r.ID)
			return err
		})
		if err != nil {
			return nil, err
		}
		value, base, _, err := s.sign(r, home, contentLink(home, k, r.ID.Name()))
		if err != nil {
			return nil, err
		}
		return arm.Reply(expr.Object(text("value", value), text("method", "GET"), text("basePath", base),
			member("queries", expr.Object(text("api-version", linkVersion))))), nil
	}
}

// Reached is an account as the access endpoint needs it.
type Reached struct {
	ID          string
	Environment string // store id
	Keys        [][]byte
	State       string // Enabled, Disabled, Suspended
}

// Reach finds an account by its id; store.ErrNotFound if there is none.
func (s *Service) Reach(ctx context.Context, id string) (*Reached, error) {
	var home *account
	err := s.control.Read(ctx, func(tx *store.Tx) (err error) {
		home, _, err = byID(tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Reached{ID: home.ID, Environment: home.Environment, Keys: home.keys(), State: home.State}, nil
}

func byID(tx *store.Tx, id string) (*account, string, error) {
	key, err := tx.Setting(accountSetting(id))
	if err != nil {
		return nil, "", err
	}
	r, err := arm.Load(tx, string(key))
	if err != nil {
		return nil, "", err
	}
	home, err := decode[account](r)
	return home, r.Key, err
}

// Content is what an artifact holds.
type Content struct {
	Bytes []byte
	Type  string // media type
	ETag  string
}

// Content reads what an artifact of an account holds; store.ErrNotFound if there is
// nothing. Segment is the kind, such as "schemas"; letter case does not count.
func (s *Service) Content(ctx context.Context, id, segment, name string) (c Content, err error) {
	k := kindOf(segment)
	if k == nil || k.content == noContent {
		return c, fmt.Errorf("account: no contents of %q: %w", segment, store.ErrNotFound)
	}
	err = s.control.Read(ctx, func(tx *store.Tx) error {
		home, key, err := byID(tx, id)
		if err != nil {
			return err
		}
		r, err := arm.Load(tx, key+"/"+k.segment+"/"+name)
		if err != nil {
			return err
		}
		form, err := decode[artifact](r)
		if err != nil {
			return err
		}
		c.ETag = r.ETag
		if !k.apart() {
			v, _ := form.Properties.Get("content")
			c.Bytes, c.Type = v.AppendJSON(nil), "application/json; charset=utf-8"
			return nil
		}
		c.Bytes, err = tx.Setting(contentSetting(home.ID, k.segment, name))
		c.Type = contentType(k, form, c.Bytes)
		return err
	})
	return c, err
}

func kindOf(segment string) *kind {
	for _, k := range kinds() {
		if strings.EqualFold(k.segment, segment) {
			return k
		}
	}
	return nil
}

// contentType is the media type of a content. A text in UTF-8 says so, whatever stands
// in its XML declaration: it came as a JSON text.
func contentType(k *kind, form *artifact, content []byte) string {
	v, _ := form.Properties.Get("contentType")
	given, _ := v.AsString()
	if given == "" {
		mapType, _ := form.Properties.Get("mapType")
		switch name, _ := mapType.AsString(); {
		case k.content == base64Content:
			return "application/octet-stream"
		case name == mapLiquid:
			given = "text/plain"
		default:
			given = "application/xml"
		}
	}
	media, parameters, err := mime.ParseMediaType(given)
	if err != nil {
		return "application/octet-stream"
	}
	if k.content == textContent && utf8.Valid(content) && parameters["charset"] == "" {
		parameters["charset"] = "utf-8"
	}
	return mime.FormatMediaType(media, parameters)
}

// checkContentType refuses what is no media type.
func checkContentType(d *draft, found *arm.Found) {
	given := d.text("contentType")
	if given == "" {
		return
	}
	if _, _, err := mime.ParseMediaType(given); err != nil {
		found.Add(wdl.CodeInvalidRequestContent, "properties.contentType", "The content type '%s' is not valid. Give a media type such as application/xml.", shorten(given))
	}
}
