package account

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/wdl"
)

// kind is a kind of artifact: what its resource type is made of.
type kind struct {
	segment string // last part of the type's name
	model   string // of its properties
	missing string // code of the 404
	most    perSKU
	filter  *arm.Field // what a list can be filtered by; nil: nothing
	single  bool       // its list has one page: clients look for no next one
	// content says where what a content link serves comes from.
	content source
	// check looks at what the model says nothing of, and completes the properties. What
	// the model has found fault with may have any form.
	check func(d *draft, found *arm.Found)
}

// source is where the content of an artifact stands.
type source uint8

const (
	noContent     source = iota // it has no content link
	textContent                 // properties.content, a text; stored beside the resource
	base64Content               // likewise, its bytes in base64
	valueContent                // properties.content, a JSON value that is shown inline
)

func (k *kind) typeName() string { return TypeName + "/" + k.segment }

// apart says that the content is not shown in the properties.
func (k *kind) apart() bool { return k.content == textContent || k.content == base64Content }

// kinds are all kinds of artifacts.
func kinds() []*kind {
	return []*kind{schemaKind(), mapKind(), partnerKind(), agreementKind(), certificateKind(), assemblyKind(), batchKind(), sessionKind()}
}

func (s *Service) artifactType(k *kind) arm.Type {
	t := arm.Type{
		Name: k.typeName(), APIVersions: versions(), MissingCode: k.missing, NoState: true, References: nothing,
		ValidName: validName,
		Prepare:   func(ctx context.Context, r *arm.PutRequest) (any, error) { return s.prepareArtifact(ctx, k, r) },
		Put: func(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
			return s.putArtifact(tx, k, r)
		},
		Delete: func(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error { return s.deleteArtifact(tx, k, r) },
		View: func(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
			return s.viewArtifact(tx, k, r)
		},
		List: &arm.ListSpec{},
	}
	if k.filter != nil {
		t.List.Fields = []arm.Field{*k.filter}
	}
	if k.single {
		t.List.PageSize = 1000
	}
	t.ReadOnly = []string{"properties.createdTime", "properties.changedTime", "properties.contentLink"}
	if k.apart() {
		t.MaxBody = maxRequest
		t.Export = func(tx *store.Tx, r arm.Resource, e *arm.Exported) error { return exportContent(tx, k, e) }
	}
	if k.content != noContent {
		t.Actions = map[string]arm.Handler{"listContentCallbackUrl": s.listContentCallbackURL(k)}
	}
	return t
}

// nothing of an artifact's body names a resource of this server.
func nothing(expr.Value) expr.Value { return expr.Null() }

// byProperty is a field of a list that is a property of the artifact.
func byProperty(name string, kind arm.FieldKind) *arm.Field {
	return &arm.Field{Name: name, Kind: kind, Value: func(_ arm.Resource, view expr.Value) expr.Value {
		properties, _ := view.Get("properties")
		v, _ := properties.Get(name)
		return v
	}}
}

// draft is the request of an artifact, read and checked before the transaction.
type draft struct {
	name       string     // of the artifact
	properties expr.Value // in the models' own spelling, without a content that is kept apart
	content    []byte     // what is kept apart; nil if there is none
	keep       bool       // the request points to what is stored already
	found      arm.Found  // of the request by itself
}

// text is a property that is a text, "" for none.
func (d *draft) text(name string) string {
	v, _ := d.properties.Get(name)
	text, _ := v.AsString()
	return text
}

func (d *draft) set(name string, v expr.Value) { d.properties = d.properties.With(name, v) }

// artifact is an artifact as stored; what is kept apart is a setting of its own.
type artifact struct {
	Version    int        `json:"v"`
	Properties expr.Value `json:"properties"`
	// Of what is kept apart: bytes, and the MD5 that content links are told with.
	Size int64  `json:"size,omitempty"`
	MD5  []byte `json:"md5,omitempty"`
}

// prepareArtifact reads and checks the request, which takes too long for the one
// writer. What it finds is told by putArtifact, together with all else.
func (s *Service) prepareArtifact(ctx context.Context, k *kind, r *arm.PutRequest) (any, error) {
	d := &draft{name: r.ID.Name()}
	given := r.Properties()
	if given.IsNull() {
		d.found.Add(wdl.CodeInvalidRequestContent, "properties", "The request content is not valid and could not be deserialized: 'Required property 'properties' not found in JSON. Path ''.'.")
		return d, nil
	}
	d.properties = s.models.check(given, k.model, "properties", &d.found)
	if d.properties.Kind() != expr.KindObject {
		return d, nil
	}
	for _, name := range []string{"createdTime", "changedTime"} {
		d.properties = d.properties.Without(name) // the server's own
	}
	if k.apart() {
		if err := s.takeContent(ctx, k, r, d); err != nil {
			return nil, err
		}
	}
	k.check(d, &d.found)
	return d, nil
}

// putArtifact creates an artifact, or replaces all of it.
func (s *Service) putArtifact(tx *store.Tx, k *kind, r *arm.PutRequest) (*arm.Written, error) {
	d := r.Prepared.(*draft)
	home, err := homeOf(tx, r.ID)
	if err != nil {
		return nil, err
	}
	found := append(arm.Found(nil), d.found...)
	if err := checkRoom(tx, k, r, home, &found); err != nil {
		return nil, err
	}
	form := artifact{Version: formVersion, Properties: d.properties}
	if d.keep {
		if err := form.keep(tx, r, d, &found); err != nil {
			return nil, err
		}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if d.content != nil {
		sum := md5.Sum(d.content)
		form.Size, form.MD5 = int64(len(d.content)), sum[:]
		if err := tx.PutSetting(contentSetting(home.ID, k.segment, r.ID.Name()), d.content); err != nil {
			return nil, err
		}
	}
	if k.segment == segmentBatches {
		if err := s.reviewBatches(tx, home, r.Now); err != nil {
			return nil, err
		}
	}
	r.Location, r.Tags = "", expr.Null() // answers have neither (logic-api §2.7)
	body, err := json.Marshal(form)
	return &arm.Written{Body: body}, err
}

// keep takes over what is stored apart, and what was derived from it.
func (a *artifact) keep(tx *store.Tx, r *arm.PutRequest, d *draft, found *arm.Found) error {
	if r.Old == nil {
		found.Add(codeLink, "properties.contentLink.uri", "The link leads to the content of '%s' itself, which does not exist yet. Give the content, or a link to it.", r.ID.Name())
		return nil
	}
	old, err := decode[artifact](*r.Old)
	if err != nil {
		return err
	}
	a.Size, a.MD5 = old.Size, old.MD5
	for _, name := range []string{"documentName", "targetNamespace", "assemblyVersion"} {
		if v, ok := old.Properties.Get(name); ok {
			a.Properties = a.Properties.With(name, v)
		}
	}
	return nil
}

// checkRoom refuses a new artifact where there are as many as the SKU allows.
func checkRoom(tx *store.Tx, k *kind, r *arm.PutRequest, home *account, found *arm.Found) error {
	most := k.most.of(home.SKU)
	if r.Old != nil || most == 0 {
		return nil
	}
	parent, _ := r.ID.Parent()
	n, err := tx.CountResources(store.Query{Type: k.typeName(), Parent: parent.Key()})
	if err == nil && n >= most {
		*found = append(*found, arm.Conflict(codeTooMany, "", "The integration account '%s' has %d %s, which is as many as the SKU '%s' allows. Delete one first, or give the account another SKU.", parent.Name(), n, k.segment, home.SKU))
	}
	return err
}

// homeOf is the account that an artifact is in.
func homeOf(tx *store.Tx, id arm.ID) (*account, error) {
	parent, _ := id.Parent()
	r, err := arm.Load(tx, parent.Key())
	if err != nil {
		return nil, err
	}
	return decode[account](r)
}

func (s *Service) deleteArtifact(tx *store.Tx, k *kind, r *arm.DeleteRequest) error {
	if !k.apart() {
		return nil
	}
	home, err := homeOf(tx, r.ID)
	if err != nil {
		return err
	}
	return dropSetting(tx, contentSetting(home.ID, k.segment, r.ID.Name()))
}

// viewArtifact shows an artifact; what is kept apart by a link that is signed anew with
// each look (logic-api §2.7).
func (s *Service) viewArtifact(tx *store.Tx, k *kind, r arm.Resource) (expr.Value, error) {
	form, err := decode[artifact](r)
	if err != nil {
		return expr.Null(), err
	}
	properties := form.Properties.With("createdTime", expr.String(timestamp(r.Created))).With("changedTime", expr.String(timestamp(r.Changed)))
	if k.apart() {
		id, err := arm.ParseID(r.ID)
		if err != nil {
			return expr.Null(), err
		}
		home, err := homeOf(tx, id)
		if err != nil {
			return expr.Null(), err
		}
		hash := base64.StdEncoding.EncodeToString(form.MD5)
		uri := contentLink(home, k, id.Name()).until(s.config.Clock().UTC().Add(linkLife)).URL(s.config.Access(home.Environment), home.Primary)
		properties = properties.With("contentLink", expr.Object(
			text("uri", uri), text("contentVersion", hash), member("contentSize", expr.Int(form.Size)),
			member("contentHash", expr.Object(text("algorithm", "md5"), text("value", hash)))))
	}
	return expr.Object(member("properties", properties)), nil
}

// exportContent puts what is kept apart into what a template has of an artifact.
func exportContent(tx *store.Tx, k *kind, e *arm.Exported) error {
	home, err := homeOf(tx, e.ID)
	if err != nil {
		return err
	}
	content, err := tx.Setting(contentSetting(home.ID, k.segment, e.ID.Name()))
	if err != nil {
		return err
	}
	written := string(content)
	if k.content == base64Content {
		written = base64.StdEncoding.EncodeToString(content)
	}
	properties, _ := e.View.Get("properties")
	e.View = e.View.With("properties", properties.With("content", expr.String(written)))
	return nil
}

// takeContent takes the content out of the properties, or gets it where its link
// points.
func (s *Service) takeContent(ctx context.Context, k *kind, r *arm.PutRequest, d *draft) error {
	given, _ := d.properties.Get("content")
	link, _ := d.properties.Get("contentLink")
	d.properties = d.properties.Without("content").Without("contentLink")
	uri, hasLink := uriOf(link, &d.found)
	switch {
	case !given.IsNull():
		d.content = contentOf(k, given, &d.found)
	case hasLink && s.isOwn(uri, r.ID):
		d.keep = true
	case hasLink:
		return s.follow(ctx, uri, d)
	case link.IsNull():
		d.found.Add(wdl.CodeInvalidRequestContent, "properties.content", "The %s need the member 'content', or 'contentLink' with the 'uri' of where it is. Give one of them.", k.segment)
	}
	if len(d.content) > maxContent {
		d.found.Add(codeTooLarge, "properties.content", "The content has %d bytes; the %s of an integration account may have %d.", len(d.content), k.segment, maxContent)
		d.content = nil
	}
	return nil
}

const (
	codeTooLarge = "IntegrationAccountArtifactContentTooLarge"
	codeLink     = "InvalidContentLink"
)

func uriOf(link expr.Value, found *arm.Found) (string, bool) {
	if link.IsNull() {
		return "", false
	}
	v, _ := link.Get("uri")
	uri, ok := v.AsString()
	if !ok || uri == "" {
		found.Add(codeLink, "properties.contentLink.uri", "The content link lacks its 'uri'. Give the address of the content.")
		return "", false
	}
	return uri, true
}

// contentOf is what a request gives inline.
func contentOf(k *kind, given expr.Value, found *arm.Found) []byte {
	written, ok := given.AsString()
	switch {
	case !ok:
		found.Add(wdl.CodeInvalidRequestContent, "properties.content", "The request content is not valid and could not be deserialized: 'properties.content' must be a text, not a JSON %s.", jsonName(given))
	case k.content == textContent && strings.TrimSpace(written) == "":
		found.Add(wdl.CodeInvalidRequestContent, "properties.content", "The member 'content' is empty. Give what the %s hold.", k.segment)
	case k.content == textContent:
		return []byte(written)
	default:
		content, err := lenientBase64(written)
		if err == nil && len(content) > 0 {
			return content
		}
		found.Add(wdl.CodeInvalidRequestContent, "properties.content", "The member 'content' is not base64. Give the bytes in base64.")
	}
	return nil
}

// lenientBase64 reads base64 as the service does: white space does not count, nor does
// missing padding (logic-api §2.7).
func lenientBase64(text string) ([]byte, error) {
	plain := strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, text)
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(plain, "="))
}

// isOwn says that a link is one of ours to this very artifact: what a GET showed may be
// PUT again.
func (s *Service) isOwn(uri string, id arm.ID) bool {
	parent, _ := id.Parent()
	var own string
	err := s.control.Read(context.Background(), func(tx *store.Tx) error {
		r, err := arm.Load(tx, parent.Key())
		if err != nil {
			return err
		}
		home, err := decode[account](r)
		if err != nil {
			return err
		}
		own = s.config.Access(home.Environment) + linkPath(home, id.Types[len(id.Types)-1], id.Name()) + "?"
		return nil
	})
	return err == nil && len(uri) >= len(own) && strings.EqualFold(uri[:len(own)], own)
}

// follow gets a content from elsewhere.
func (s *Service) follow(ctx context.Context, uri string, d *draft) error {
	if s.config.Links == nil {
		d.found.Add(codeLink, "properties.contentLink.uri", "This server follows no links. Give the content itself, as 'content'.")
		return nil
	}
	content, err := s.config.Links.Fetch(ctx, uri, maxContent)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case err != nil:
		d.found.Add(codeLink, "properties.contentLink.uri", "The content cannot be got where the link points: %s.", err)
	case len(content) == 0:
		d.found.Add(codeLink, "properties.contentLink.uri", "There is nothing where the link points.")
	default:
		d.content = content
	}
	return nil
}
