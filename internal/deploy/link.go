package deploy

import (
	"context"
	"net/url"
	"strings"

	"isle/expr"
	"isle/internal/arm"
)

// Links: a template ("templateLink") and its parameters ("parametersLink") may lie
// elsewhere. They are fetched when the deployment is asked for, once, and stored with
// it. What a link's query holds, such as a signature, is kept only as long as the
// parameters are, and never shown.

// Fetcher gets the content of a link, of at most limit bytes. Its error's text is for
// whoever wrote the link. It alone decides which addresses may be reached.
type Fetcher interface {
	Fetch(ctx context.Context, uri string, limit int64) ([]byte, error)
}

// link is a link as it is asked for.
type link struct {
	URI            string `json:"uri,omitempty"` // without its query
	Query          string `json:"query,omitempty"`
	ContentVersion string `json:"contentVersion,omitempty"`
}

// whole is the link with its query.
func (l link) whole() string {
	if l.Query == "" {
		return l.URI
	}
	return l.URI + "?" + l.Query
}

// view is the link as the API shows it.
func (l link) view() expr.Value {
	v := expr.Object(str("uri", l.URI))
	if l.ContentVersion != "" {
		v = v.With("contentVersion", expr.String(l.ContentVersion))
	}
	return v
}

// readLink reads a templateLink or parametersLink.
func readLink(v expr.Value, target string) (link, *arm.Error) {
	invalid := func(format string, args ...any) (link, *arm.Error) {
		return link{}, arm.Invalid("InvalidContentLink", target, format, args...)
	}
	if hasMember(v, "id") {
		return invalid("The link names a template spec by its 'id', and there are none here. Give the template's address as 'uri', or the template itself.")
	}
	uri, _ := text(v, "uri")
	if uri == "" {
		if hasMember(v, "relativePath") {
			return invalid("The link has a 'relativePath', which is relative to the template that the deployment itself was linked from, and it was linked from none. Give 'uri'.")
		}
		return invalid("The link lacks its 'uri'.")
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return invalid("The link's 'uri' must be an absolute https or http address.")
	}
	if u.User != nil {
		return invalid("The link's 'uri' has a user name or password, which would be shown wherever the link is. Give a signature in its query, which is not shown.")
	}
	l := link{Query: u.RawQuery}
	if more, _ := text(v, "queryString"); more != "" {
		l.Query = strings.Trim(l.Query+"&"+strings.TrimPrefix(more, "?"), "&")
	}
	u.RawQuery, u.Fragment = "", ""
	l.URI = u.String()
	l.ContentVersion, _ = text(v, "contentVersion")
	return l, nil
}

// fetch gets what a link leads to, a JSON object.
func (p *Provider) fetch(ctx context.Context, l link, target string) (expr.Value, *arm.Error) {
	invalid := func(reason string) (expr.Value, *arm.Error) {
		return expr.Value{}, arm.Invalid("InvalidContentLink", target, "Unable to download deployment content from '%s': %s", l.URI, reason)
	}
	if p.config.Fetcher == nil {
		return invalid("this server follows no links. Send the content itself.")
	}
	content, err := p.config.Fetcher.Fetch(ctx, l.whole(), maxTemplate)
	if err != nil {
		return invalid(err.Error() + ".")
	}
	v, err := expr.ReadJSON([]byte(strings.TrimPrefix(string(content), "\uFEFF")))
	if err != nil || v.Kind() != expr.KindObject {
		return invalid("it is no JSON object.")
	}
	if has, _ := text(v, "contentVersion"); l.ContentVersion != "" && has != l.ContentVersion {
		return invalid("its contentVersion is '" + has + "', and the link asks for '" + l.ContentVersion + "'.")
	}
	return v, nil
}

// follow fetches what an order only links to.
func (p *Provider) follow(ctx context.Context, o *order) []*arm.Error {
	var found []*arm.Error
	if o.Link.URI != "" {
		template, failed := p.fetch(ctx, o.Link, "properties.templateLink")
		if failed != nil {
			found = append(found, failed)
		}
		o.Template = template
	}
	if o.ParametersLink.URI != "" {
		file, failed := p.fetch(ctx, o.ParametersLink, "properties.parametersLink")
		if failed != nil {
			return append(found, failed)
		}
		values, err := ParametersOf(file)
		if err != nil {
			found = append(found, arm.Invalid("InvalidContentLink", "properties.parametersLink", "The content of '%s' is not valid: %s", o.ParametersLink.URI, err.Error()))
		}
		o.Parameters = values
	}
	return found
}

// relative makes an address of a nested deployment's relative path: relative to the
// template's own, with its query.
func (t Target) relative(v expr.Value) (expr.Value, error) {
	path, ok := text(v, "relativePath")
	if !ok || hasMember(v, "uri") {
		return v, nil
	}
	if t.Link == "" {
		return expr.Value{}, failf("The relativePath '%s' of a nested deployment's template is relative to the address of this template, which was not deployed from a link. Deploy it by its templateLink, or give 'uri'", path)
	}
	base, err := url.Parse(t.Link)
	if err != nil {
		return expr.Value{}, failf("The address '%s' of the template is not valid", t.Link)
	}
	at, err := base.Parse(path)
	if err != nil || at.Host != base.Host || at.Scheme != base.Scheme {
		return expr.Value{}, failf("The relativePath '%s' is not a relative path", path)
	}
	at.RawQuery = "" // the query is added once
	v = v.Without("relativePath").With("uri", expr.String(at.String()))
	if t.LinkQuery != "" && !hasMember(v, "queryString") {
		v = v.With("queryString", expr.String(t.LinkQuery))
	}
	return v, nil
}
