package arm

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"isle/expr"
	"isle/internal/store"
)

// Resource is a stored resource: what every type has beside the type's own form,
// which is Body. Types read and write resources through [Load], [List] and [Save],
// never through the store's own methods, whose Body holds both.
type Resource struct {
	store.Resource            // Body is the type's own stored form
	Location       string     // as given; "" for types without
	Tags           expr.Value // an object, or null when none were given
	Operation      string     // path of the long-running operation under way, "" if none
}

// envelopeVersion is the version of the envelope's stored form.
const envelopeVersion = 1

// envelope is what stands before the type's form: one byte version, its length,
// its JSON.
type envelope struct {
	Location  string     `json:"location,omitempty"`
	Tags      expr.Value `json:"tags"`
	Operation string     `json:"operation,omitempty"`
}

// Load reads a resource by its ID in any letter case; store.ErrNotFound if there is
// none.
func Load(tx *store.Tx, id string) (Resource, error) {
	r, err := tx.Resource(strings.TrimSuffix(id, "/"))
	if err != nil {
		return Resource{}, err
	}
	return open(r)
}

// List reads the resources of a query.
func List(tx *store.Tx, q store.Query) ([]Resource, error) {
	stored, err := tx.Resources(q)
	if err != nil {
		return nil, err
	}
	list := make([]Resource, len(stored))
	for i, r := range stored {
		if list[i], err = open(r); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Save stores a resource as it is: Key, Parent and Type are filled in from ID when
// empty, ETag and times are the caller's (see [NewETag]).
func Save(tx *store.Tx, r Resource) error {
	if r.Key == "" || r.Type == "" || r.Parent == "" {
		id, err := ParseID(r.ID)
		if err != nil {
			return err
		}
		r.Key = id.Key()
		if r.Type == "" {
			r.Type = id.Type()
		}
		r.Parent = id.parentKey()
	}
	head, err := json.Marshal(envelope{r.Location, r.Tags, r.Operation})
	if err != nil {
		return err
	}
	body := make([]byte, 0, len(head)+len(r.Body)+8)
	body = append(body, envelopeVersion)
	body = binary.AppendUvarint(body, uint64(len(head)))
	body = append(append(body, head...), r.Body...)
	stored := r.Resource
	stored.Body = body
	return tx.PutResource(stored)
}

// Decode reads a type's own stored form, a JSON document with its version in the member
// "v". One of a version beyond newest is refused, never guessed at.
func Decode[Form any](r store.Resource, newest int) (*Form, error) {
	version, err := formVersion(r.Body)
	if err == nil && (version < 1 || version > newest) {
		err = fmt.Errorf("stored form has version %d; this build reads up to %d", version, newest)
	}
	form := new(Form)
	if err == nil {
		err = json.Unmarshal(r.Body, form)
	}
	if err != nil {
		return nil, fmt.Errorf("arm: %s: %w", r.ID, err)
	}
	return form, nil
}

// formVersion is the version of a form. It stands first, as forms are written, so that
// most documents are read once.
func formVersion(body []byte) (int, error) {
	if rest, first := bytes.CutPrefix(body, []byte(`{"v":`)); first {
		if end := bytes.IndexAny(rest, ",}"); end > 0 {
			if version, err := strconv.Atoi(string(rest[:end])); err == nil {
				return version, nil
			}
		}
	}
	var head struct {
		Version int `json:"v"`
	}
	err := json.Unmarshal(body, &head)
	return head.Version, err
}

var errEnvelope = errors.New("stored form is damaged")

func open(stored store.Resource) (Resource, error) {
	b := stored.Body
	if len(b) == 0 || b[0] != envelopeVersion {
		return Resource{}, fmt.Errorf("arm: %s: stored form has a version that this build does not read", stored.ID)
	}
	size, n := binary.Uvarint(b[1:])
	if n <= 0 || size > uint64(len(b)-1-n) {
		return Resource{}, fmt.Errorf("arm: %s: %w", stored.ID, errEnvelope)
	}
	var head envelope
	if err := json.Unmarshal(b[1+n:1+n+int(size)], &head); err != nil {
		return Resource{}, fmt.Errorf("arm: %s: %w", stored.ID, err)
	}
	stored.Body = b[1+n+int(size):]
	return Resource{Resource: stored, Location: head.Location, Tags: head.Tags, Operation: head.Operation}, nil
}
