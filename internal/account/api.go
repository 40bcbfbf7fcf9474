package account

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/wdl"
)

// accountActions are the POSTs of an account (logic-api §2.7).
func (s *Service) accountActions() map[string]arm.Handler {
	return map[string]arm.Handler{
		"listCallbackUrl":     s.listCallbackURL,
		"listKeyVaultKeys":    s.listKeyVaultKeys,
		"logTrackingEvents":   s.logTrackingEvents,
		"regenerateAccessKey": s.regenerateAccessKey,
	}
}

// regenerateAccessKey makes a new key; what was signed with the old one no longer opens
// the door. It answers the account.
func (s *Service) regenerateAccessKey(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	k, err := r.Key()
	if err != nil {
		return nil, err
	}
	var shown expr.Value
	err = s.control.Write(ctx, func(tx *store.Tx) error {
		stored, err := arm.Load(tx, r.Resource.Key)
		if errors.Is(err, store.ErrNotFound) {
			return arm.Missing("IntegrationAccountNotFound", "The integration account '%s' was deleted meanwhile.", r.ID.Name())
		}
		if err != nil {
			return err
		}
		form, err := decode[account](stored)
		if err != nil {
			return err
		}
		if k.Secondary {
			form.Secondary = newKey()
		} else {
			form.Primary = newKey()
		}
		if stored.Body, err = json.Marshal(form); err != nil {
			return err
		}
		stored.ETag, stored.Changed = arm.NewETag(), r.Now
		if err := arm.Save(tx, stored); err != nil {
			return err
		}
		shown, err = s.whole(ctx, tx, stored)
		return err
	})
	if err != nil {
		return nil, err
	}
	return arm.Reply(shown), nil
}

// whole is an account as a GET shows it.
func (s *Service) whole(ctx context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	view, err := s.viewAccount(ctx, tx, r)
	members := []expr.Member{text("id", r.ID), text("name", lastSegment(r.ID)), text("type", TypeName), text("location", r.Location)}
	if !r.Tags.IsNull() {
		members = append(members, member("tags", r.Tags))
	}
	for name, v := range view.Members() {
		if name == "properties" {
			v = v.With("provisioningState", expr.String(r.State))
		}
		members = append(members, member(name, v))
	}
	return expr.Object(members...), err
}

// listKeyVaultKeys reads the request and says that there is no key vault: certificates
// name keys, and nobody here resolves them.
func (s *Service) listKeyVaultKeys(_ context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	body := s.models.check(r.Body, "ListKeyVaultKeysDefinition", "", &found)
	vault, _ := body.Get("keyVault")
	if vault.Kind() == expr.KindObject {
		checkVault(vault, "keyVault", &found)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	id, _ := vault.Get("id")
	name := lastSegment(id.Text())
	return nil, arm.Missing("KeyVaultNotFound", "The key vault '%s' cannot be asked for its keys: this server has no key vaults. Certificates may name keys of one; the names are stored and shown, and nothing resolves them.", shorten(name))
}

// checkVault wants the ID of a key vault.
func checkVault(vault expr.Value, target string, found *arm.Found) {
	v, _ := vault.Get("id")
	text, _ := v.AsString()
	id, err := arm.ParseID(text)
	if err != nil || !strings.EqualFold(id.Type(), "Microsoft.KeyVault/vaults") {
		found.Add(wdl.CodeInvalidRequestContent, join(target, "id"), "'%s' is not the resource ID of a key vault. Give /subscriptions/…/providers/Microsoft.KeyVault/vaults/{name}.", shorten(text))
	}
}

// maxEvents bounds the events of one request.
const maxEvents = 1000

// logTrackingEvents notes events in the server's log, each with what it is about and
// its error. The record itself may hold what nobody but the partners should read, and
// is left out.
func (s *Service) logTrackingEvents(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	body := s.models.check(r.Body, "TrackingEventsDefinition", "", &found)
	events, _ := body.Get("events")
	if events.Len() > maxEvents {
		found.Add(wdl.CodeInvalidRequestContent, "events", "The request has %d events; there can be %d.", events.Len(), maxEvents)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	source, _ := body.Get("sourceType")
	for _, e := range events.Elements() {
		at := func(names ...string) string {
			v := e
			for _, name := range names {
				v, _ = v.Get(name)
			}
			text, _ := v.AsString()
			return shorten(text)
		}
		s.config.Log.Log(ctx, eventLevel(at("eventLevel")), "tracking event", "account", r.Resource.ID, "source", shorten(source.Text()),
			"type", at("recordType"), "time", at("eventTime"), "code", at("error", "code"), "message", at("error", "message"))
	}
	return nil, nil
}

func eventLevel(name string) slog.Level {
	switch name {
	case "Critical", "Error":
		return slog.LevelError
	case "Warning":
		return slog.LevelWarn
	case "Verbose":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
