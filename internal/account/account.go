package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

const environmentType = "Microsoft.Logic/integrationServiceEnvironments"

func (s *Service) accountType() arm.Type {
	return arm.Type{
		Name: TypeName, APIVersions: versions(), Tracked: true, MissingCode: "IntegrationAccountNotFound",
		ValidName: validName, Linked: "join/action",
		Put: s.putAccount, Patch: s.putAccount, Delete: s.deleteAccount, View: s.viewAccount,
		List: &arm.ListSpec{}, Move: s.moveAccount,
		Actions: s.accountActions(),
	}
}

// validName is the rule for accounts and what is in them: 1 to 80 letters, numbers,
// hyphens, underscores, parentheses and periods.
func validName(name string) *arm.Error {
	odd := strings.IndexFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.()", r)
	})
	if odd < 0 && len(name) >= 1 && len(name) <= 80 {
		return nil
	}
	return arm.Invalid("InvalidResourceName", "name", "The name '%s' is invalid. A name has 1 to 80 characters and only letters, numbers, hyphens (-), underscores (_), parentheses and periods (.).", shorten(name))
}

// request is the body of a PUT or PATCH of an account, its choices in the models' own
// spelling.
type request struct {
	sku, state, ise string
	hasISE          bool
}

// readRequest checks the request by itself.
func (s *Service) readRequest(r *arm.PutRequest, found *arm.Found) request {
	var q request
	if sku, _ := r.Body.Get("sku"); !sku.IsNull() {
		name, _ := s.models.check(sku, "IntegrationAccountSKU", "sku", found).Get("name")
		q.sku, _ = name.AsString()
	}
	properties := r.Properties()
	if properties.IsNull() {
		return q
	}
	properties = s.models.check(properties, "IntegrationAccountProperties", "properties", found)
	state, _ := properties.Get("state")
	q.state, _ = state.AsString()
	switch q.state {
	case "NotSpecified":
		q.state = ""
	case "Completed", "Deleted":
		found.Add("InvalidRequestContent", "properties.state", "The state '%s' cannot be given to an integration account. Give Enabled, Disabled or Suspended.", q.state)
	}
	home, given := properties.Get("integrationServiceEnvironment")
	id, _ := home.Get("id")
	q.ise, _ = id.AsString()
	q.hasISE = given && home.Kind() == expr.KindObject
	return q
}

// putAccount creates an account, or changes its SKU, state and tags; a PATCH only what
// it gives.
func (s *Service) putAccount(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	q := s.readRequest(r, &found)
	form, err := s.formOf(r)
	if err != nil {
		return nil, err
	}
	if q.sku != "" {
		form.SKU = q.sku
	}
	if q.state != "" {
		form.State = q.state
	} else if !r.Patch() {
		form.State = stateEnabled
	}
	if err := s.locate(tx, r, q, form, &found); err != nil {
		return nil, err
	}
	if err := s.checkCounts(tx, r, form, &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if r.Old == nil {
		if err := s.enroll(tx, r.ID, form); err != nil {
			return nil, err
		}
	}
	body, err := json.Marshal(form)
	return &arm.Written{Body: body}, err
}

const (
	stateEnabled = "Enabled"
	skuFree      = "Free"
	skuBasic     = "Basic"
	skuStandard  = "Standard"
)

// formOf is the stored form, or that of a new account.
func (s *Service) formOf(r *arm.PutRequest) (*account, error) {
	if r.Old != nil {
		return decode[account](*r.Old)
	}
	return &account{Version: formVersion, ID: newID(), SKU: skuStandard, Environment: store.Shared, Primary: newKey(), Secondary: newKey()}, nil
}

// locate finds the environment that the request names. An account stays where it was
// created.
func (s *Service) locate(tx *store.Tx, r *arm.PutRequest, q request, form *account, found *arm.Found) error {
	const target = "properties.integrationServiceEnvironment.id"
	if r.Old != nil {
		if (q.hasISE || !r.Patch()) && !arm.SameID(q.ise, form.ISE) {
			found.Add("PropertyChangeNotAllowed", target, "Changing the integration service environment of an integration account is not allowed: it is '%s' since creation, the request says '%s'. Create another account there.", form.ISE, q.ise)
		}
		return nil
	}
	if q.ise == "" {
		if q.hasISE {
			found.Add("InvalidRequestContent", target, "The member 'integrationServiceEnvironment' needs the 'id' of an integration service environment. Give it, or leave integrationServiceEnvironment out.")
		}
		return nil
	}
	home, err := s.config.Environments.Environment(tx, q.ise)
	if errors.Is(err, store.ErrNotFound) {
		missing := arm.Missing("IntegrationServiceEnvironmentNotFound", "The integration service environment '%s' was not found. Create it first, or leave integrationServiceEnvironment out.", shorten(q.ise))
		missing.Target = target
		*found = append(*found, missing)
		return nil
	}
	if err != nil {
		return err
	}
	if !home.Ready {
		*found = append(*found, arm.Conflict("IntegrationServiceEnvironmentNotReady", target, "The integration service environment '%s' is not ready. Wait until its state is Succeeded.", home.ID))
	}
	if !arm.SameLocation(home.Location, r.Location) {
		found.Add("InvalidResourceLocation", "location", "The account's location '%s' is not the location '%s' of its integration service environment. Both must be the same.", r.Location, home.Location)
	}
	form.ISE, form.Environment = home.ID, home.Store
	return nil
}

// enroll makes an account known by its id and in its environment.
func (s *Service) enroll(tx *store.Tx, id arm.ID, form *account) error {
	if err := tx.PutSetting(accountSetting(form.ID), []byte(id.Key())); err != nil {
		return err
	}
	if form.ISE == "" {
		return nil
	}
	return s.config.Environments.Enter(tx, form.Environment, form.ID, id.String())
}

// moveAccount gives an account another ID: its keys, its links and what its artifacts
// hold stay, and its workflows follow.
func (s *Service) moveAccount(ctx context.Context, tx *store.Tx, r *arm.MoveRequest) error {
	form, err := decode[account](r.Old)
	if err != nil {
		return err
	}
	if err := arm.Rehome(ctx, tx, r); err != nil {
		return err
	}
	if err := s.enroll(tx, r.Target, form); err != nil {
		return err
	}
	users, err := flowIDs(tx, form.ID)
	if err != nil {
		return err
	}
	return s.config.Environments.Follow(tx, users, r.Target.String())
}

// flowIDs are those of the workflows that use an account.
func flowIDs(tx *store.Tx, account string) ([]string, error) {
	names, err := tx.Settings(userPrefix(account))
	for i, name := range names {
		names[i] = name[len(userPrefix(account)):]
	}
	return names, err
}

// deleteAccount: its artifacts are gone already, in the same transaction. One that
// workflows use stays.
func (s *Service) deleteAccount(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	form, err := decode[account](r.Old)
	if err != nil {
		return err
	}
	users, err := s.users(tx, form.ID)
	if err != nil {
		return err
	}
	if len(users) > 0 {
		return arm.Conflict("InUseIntegrationAccountCannotBeDeleted", "", "The integration account '%s' cannot be deleted: it is used by %s. Delete what uses it first, or remove 'integrationAccount' from it.", r.ID.Name(), listed(users))
	}
	if form.ISE != "" {
		if err := s.config.Environments.Leave(tx, form.Environment, form.ID); err != nil {
			return err
		}
	}
	return dropSetting(tx, accountSetting(form.ID))
}

// listed names the first few.
func listed(ids []string) string {
	const most = 3
	text := "'" + strings.Join(ids[:min(most, len(ids))], "', '") + "'"
	if more := len(ids) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func (s *Service) viewAccount(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[account](r)
	if err != nil {
		return expr.Null(), err
	}
	properties := expr.Object(text("state", form.State))
	if form.ISE != "" {
		properties = properties.With("integrationServiceEnvironment", expr.Object(text("id", form.ISE), text("name", lastSegment(form.ISE)), text("type", environmentType)))
	}
	return expr.Object(member("properties", properties), member("sku", expr.Object(text("name", form.SKU)))), nil
}

func member(name string, v expr.Value) expr.Member { return expr.Member{Name: name, Value: v} }

func text(name, v string) expr.Member { return member(name, expr.String(v)) }

// Account is an account as workflows see it.
type Account struct {
	ID       string // 32 hex digits
	Resource string // resource ID
	ISE      string // resource ID of its environment, "" for none
}

// Account finds an account by its resource ID; store.ErrNotFound if there is none.
func (s *Service) Account(tx *store.Tx, id string) (*Account, error) {
	r, err := arm.Load(tx, id)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(r.Type, TypeName) {
		return nil, fmt.Errorf("account %q: %w", id, store.ErrNotFound)
	}
	form, err := decode[account](r)
	if err != nil {
		return nil, err
	}
	return &Account{ID: form.ID, Resource: r.ID, ISE: form.ISE}, nil
}

// Use notes that a workflow, known by its flow id, uses an account; resource is the
// workflow's ID, for who wants to delete the account.
func (s *Service) Use(tx *store.Tx, account, flowID, resource string) error {
	return tx.PutSetting(userPrefix(account)+flowID, []byte(resource))
}

// Release notes that a workflow uses an account no more; it is no error if it never did.
func (s *Service) Release(tx *store.Tx, account, flowID string) error {
	return dropSetting(tx, userPrefix(account)+flowID)
}

// users are the resource IDs of the workflows that use an account.
func (s *Service) users(tx *store.Tx, account string) ([]string, error) {
	names, err := tx.Settings(userPrefix(account))
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(names))
	for i, name := range names {
		id, err := tx.Setting(name)
		if err != nil {
			return nil, err
		}
		ids[i] = string(id)
	}
	return ids, nil
}
