package store

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"time"
)

// Resource is what was asked for, in the control database.
type Resource struct {
	Key     string    // lower-case ID; made from ID if empty
	ID      string    // as its creator spelled it
	Type    string    // "Microsoft.Network/virtualNetworks", any letter case, kept
	Parent  string    // Key of the resource it is nested in, "" if none
	ETag    string    // changes with every write; the caller makes it
	State   string    // provisioning state
	Created time.Time // UTC
	Changed time.Time // UTC
	Body    []byte    // versioned stored form; sealed
}

// Query selects resources. All conditions given must hold; letter case is ignored.
type Query struct {
	Type        string // exactly this type
	TypePrefix  string // types that begin so, "Microsoft.Network/"
	ScopePrefix string // ids inside this one: "/subscriptions/s", "/subscriptions/s/resourceGroups/g"; itself included
	Parent      string // id of the parent: its direct children
	State       string // exactly this state; letter case counts
	After       string // Key of the last resource of the page before
	Limit       int    // 0: all
}

const resourceColumns = `key, id, type, parent, etag, state, created, changed, body`

func (tx *Tx) scanResource(v []driver.Value) (r Resource, err error) {
	r = Resource{Key: v[0].(string), ID: v[1].(string), Type: v[2].(string), Parent: v[3].(string),
		ETag: v[4].(string), State: v[5].(string), Created: toTime(v[6]), Changed: toTime(v[7])}
	r.Body, err = tx.open(v[8], "resources", r.Key)
	if err != nil {
		return r, fmt.Errorf("resource %s: %w", r.Key, err)
	}
	return r, nil
}

// Resource reads a resource; ErrNotFound if there is none. Any letter case will do.
func (tx *Tx) Resource(key string) (r Resource, err error) {
	err = tx.one(`SELECT `+resourceColumns+` FROM resources WHERE key = ?`, func(v []driver.Value) (err error) {
		r, err = tx.scanResource(v)
		return err
	}, strings.ToLower(key))
	return r, err
}

// PutResource stores a resource, new or not. Comparing ETags is the caller's.
func (tx *Tx) PutResource(r Resource) error {
	if r.Key == "" {
		r.Key = r.ID
	}
	r.Key = strings.ToLower(r.Key)
	body := tx.seal(r.Body, "resources", r.Key)
	_, err := tx.exec(`INSERT INTO resources (`+resourceColumns+`, typekey) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET id = excluded.id, type = excluded.type, typekey = excluded.typekey, parent = excluded.parent,
		etag = excluded.etag, state = excluded.state, created = excluded.created, changed = excluded.changed, body = excluded.body`,
		r.Key, r.ID, r.Type, strings.ToLower(r.Parent), r.ETag, r.State, fromTime(r.Created), fromTime(r.Changed), body, strings.ToLower(r.Type))
	return err
}

// DeleteResource deletes one resource, not its children; ErrNotFound if there is none.
func (tx *Tx) DeleteResource(key string) error {
	n, err := tx.exec(`DELETE FROM resources WHERE key = ?`, strings.ToLower(key))
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// Resources lists resources by Key, ascending.
func (tx *Tx) Resources(q Query) ([]Resource, error) {
	sql, args := q.where()
	var found []Resource
	err := tx.query(`SELECT `+resourceColumns+` FROM resources`+sql+` ORDER BY key LIMIT ?`, func(v []driver.Value) error {
		r, err := tx.scanResource(v)
		found = append(found, r)
		return err
	}, append(args, limit(q.Limit))...)
	return found, err
}

func (q Query) where() (string, []driver.Value) {
	var w where
	if q.Type != "" {
		w.add(`typekey = ?`, strings.ToLower(q.Type))
	}
	if q.TypePrefix != "" {
		p := strings.ToLower(q.TypePrefix)
		w.add(`typekey >= ?`, p)
		w.add(`typekey < ?`, prefixEnd(p))
	}
	if q.ScopePrefix != "" {
		// A group's name may be the beginning of another's: only whole segments count.
		// The first bounds let the index find the range, the last cuts it clean.
		p := strings.TrimSuffix(strings.ToLower(q.ScopePrefix), "/")
		w.add(`key >= ?`, p)
		w.add(`key < ?`, p+"0") // '0' follows '/'
		w.add(`(key = ? OR key > ?)`, p, p+"/")
	}
	if q.Parent != "" {
		w.add(`parent = ?`, strings.ToLower(q.Parent))
	}
	if q.State != "" {
		w.add(`state = ?`, q.State)
	}
	if q.After != "" {
		w.add(`key > ?`, strings.ToLower(q.After))
	}
	return w.sql(), w.args
}

// where joins conditions. The texts are constants, so that the number of prepared
// statements stays small.
type where struct {
	text strings.Builder
	args []driver.Value
}

func (w *where) add(condition string, args ...driver.Value) {
	if w.text.Len() == 0 {
		w.text.WriteString(` WHERE `)
	} else {
		w.text.WriteString(` AND `)
	}
	w.text.WriteString(condition)
	w.args = append(w.args, args...)
}

func (w *where) sql() string { return w.text.String() }

// CountResources counts what Resources would list.
func (tx *Tx) CountResources(q Query) (n int, err error) {
	sql, args := q.where()
	err = tx.one(`SELECT count(*) FROM resources`+sql, func(v []driver.Value) error {
		n = int(v[0].(int64))
		return nil
	}, args...)
	return n, err
}
