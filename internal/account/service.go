package account

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

// TypeName is the type of integration accounts; artifacts are nested in it.
const TypeName = "Microsoft.Logic/integrationAccounts"

// Environment is what an account must know about an environment.
type Environment struct {
	ID       string // resource ID
	Store    string // id of its database
	Location string
	SKU      string // Premium, Developer
	Ready    bool   // something can be placed in it
}

// Environments are the integration service environments as accounts see them, and the
// workflows in and outside of them. All calls are part of the control database's
// transaction.
type Environments interface {
	// Environment finds one by its resource ID; store.ErrNotFound if there is none.
	Environment(tx *store.Tx, id string) (*Environment, error)
	// Enter notes that an account is in an environment, which is then not deleted;
	// Leave that it no longer is. The environment is known by its store id.
	Enter(tx *store.Tx, environment, account, id string) error
	Leave(tx *store.Tx, environment, account string) error
	// Follow has workflows, known by their flow ids, name the account that they use by
	// another resource ID.
	Follow(tx *store.Tx, flowIDs []string, id string) error
	// Review has workflows, known by their flow ids, look again at what waits for their
	// batches: the account's configurations have changed.
	Review(tx *store.Tx, flowIDs []string, now time.Time) error
}

// Fetcher gets the content of a link, of at most limit bytes. Its error's text is for
// whoever wrote the link. It alone decides which addresses may be reached.
type Fetcher interface {
	Fetch(ctx context.Context, uri string, limit int64) ([]byte, error)
}

// Config is what a Service needs. Store, Environments and Access must be set.
type Config struct {
	Store        *store.Store
	Environments Environments
	// Access is the base URL of an environment's access endpoint, "https://host:port";
	// the store id is store.Shared for accounts outside of environments.
	Access func(environment string) string
	// Links follows the links of contents that are not given inline; nil: they are
	// refused.
	Links Fetcher
	Clock func() time.Time // nil: time.Now
	Log   *slog.Logger     // nil: slog.Default
}

// Service is integration accounts over one store. Safe for concurrent use; nothing in
// it changes.
type Service struct {
	config  Config
	control *store.DB
	models  *models
}

// New checks the configuration.
func New(c Config) (*Service, error) {
	if c.Store == nil || c.Environments == nil || c.Access == nil {
		return nil, errors.New("account: Store, Environments and Access must be set")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	known, err := readModels(modelTable)
	if err != nil {
		return nil, err
	}
	return &Service{config: c, control: c.Store.Control(), models: known}, nil
}

// Types are the resource types of the package.
func (s *Service) Types() []arm.Type {
	types := []arm.Type{s.accountType()}
	for _, k := range kinds() {
		types = append(types, s.artifactType(k))
	}
	return types
}

// TypeNames are the names of the types, for who checks templates without a server.
func TypeNames() []string { return arm.Names(new(Service).Types()) }

// versions are the api-versions of the types.
func versions() []string {
	return []string{"2019-05-01", "2018-07-01-preview", "2018-03-01-preview", "2017-07-01", "2016-10-01", "2016-06-01", "2015-08-01-preview"}
}

// formVersion is the version of the stored forms. A form of a newer version is
// refused, never guessed at.
const formVersion = 1

// account is an integration account as stored. The store seals it, keys included.
type account struct {
	Version     int    `json:"v"`
	ID          string `json:"id"` // 32 hex digits: stands in links
	SKU         string `json:"sku"`
	State       string `json:"state"`
	ISE         string `json:"ise,omitempty"` // resource ID of its environment
	Environment string `json:"environment"`   // store id of it, or store.Shared
	Primary     []byte `json:"primary"`       // access keys
	Secondary   []byte `json:"secondary"`
}

func (a *account) keys() [][]byte { return [][]byte{a.Primary, a.Secondary} }

// key is one of the access keys.
func (a *account) key(secondary bool) []byte {
	if secondary {
		return a.Secondary
	}
	return a.Primary
}

// decode reads a stored form.
func decode[Form any](r arm.Resource) (*Form, error) {
	return arm.Decode[Form](r.Resource, formVersion)
}

// Settings of the control database: the key of an account's resource by its id, who
// uses it, and what its artifacts hold.

func accountSetting(id string) string { return "account/" + id }

func userPrefix(id string) string { return "account/" + id + "/user/" }

func contentSetting(id, segment, name string) string {
	return "account/" + id + "/content/" + segment + "/" + strings.ToLower(name)
}

// dropSetting deletes a setting that may be gone already.
func dropSetting(tx *store.Tx, name string) error {
	if err := tx.DeleteSetting(name); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// newID is a random id of 32 hex digits.
func newID() string { return hex.EncodeToString(randomBytes(16)) }

// newKey is a random access key.
func newKey() []byte { return randomBytes(32) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// timestamp is the wire form of a moment (logic-api §1.2).
func timestamp(t time.Time) string {
	return t.UTC().Truncate(100).Format("2006-01-02T15:04:05.9999999Z")
}

func lastSegment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
