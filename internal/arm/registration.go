package arm

import (
	"context"
	"errors"
	"strings"

	"isle/internal/store"
)

// Every provider is registered with every subscription from the start (logic-api
// §1.3). One that was unregistered stands as a setting of the control database; until
// it is registered again nothing of its types is created or changed there.

const (
	registered   = "Registered"
	unregistered = "Unregistered"
)

// alwaysRegistered are what subscriptions themselves are managed by.
func alwaysRegistered(namespace string) bool {
	return strings.EqualFold(namespace, "Microsoft.Resources") || strings.EqualFold(namespace, "Microsoft.Authorization")
}

func registrationKey(subscription, namespace string) string {
	return "unregistered:" + strings.ToLower(subscription+"/"+namespace)
}

// registrationOf reads whether a provider is registered with a subscription.
func registrationOf(tx *store.Tx, subscription, namespace string) (string, error) {
	switch _, err := tx.Setting(registrationKey(subscription, namespace)); {
	case errors.Is(err, store.ErrNotFound):
		return registered, nil
	case err != nil:
		return "", err
	}
	return unregistered, nil
}

// checkRegistered wants the provider of a resource that is changed to be registered.
func checkRegistered(tx *store.Tx, id ID) error {
	if id.Provider == "" || alwaysRegistered(id.Provider) {
		return nil
	}
	state, err := registrationOf(tx, id.Subscription, id.Provider)
	if err == nil && state != registered {
		err = Conflict("MissingSubscriptionRegistration", id.Provider, "The subscription is not registered to use namespace '%s'. Register it first: POST /subscriptions/%s/providers/%s/register.", id.Provider, id.Subscription, id.Provider)
	}
	return err
}

// register registers a provider with a subscription again.
func (m *Manager) register(ctx context.Context, r *Request) (*Response, error) {
	return m.changeRegistration(ctx, r, func(tx *store.Tx, key, _ string) error {
		if err := tx.DeleteSetting(key); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil
	})
}

// unregister takes a provider off a subscription that has no resource of it.
func (m *Manager) unregister(ctx context.Context, r *Request) (*Response, error) {
	return m.changeRegistration(ctx, r, func(tx *store.Tx, key, namespace string) error {
		if alwaysRegistered(namespace) {
			return Conflict("CannotUnregisterProvider", "", "The provider '%s' cannot be unregistered: subscriptions are managed by it.", namespace)
		}
		left, err := tx.Resources(store.Query{TypePrefix: namespace + "/", ScopePrefix: "/subscriptions/" + r.Values["subscription"], Limit: 1})
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return Conflict("ProviderStillInUse", "", "The provider '%s' cannot be unregistered while the subscription has resources of it, such as '%s'. Delete them first.", namespace, left[0].ID)
		}
		return tx.PutSetting(key, []byte("{}"))
	})
}

func (m *Manager) changeRegistration(ctx context.Context, r *Request, change func(tx *store.Tx, key, namespace string) error) (*Response, error) {
	namespace, err := m.namespace(r.Values["namespace"])
	if err != nil {
		return nil, err
	}
	err = m.db.Write(ctx, func(tx *store.Tx) error {
		return change(tx, registrationKey(r.Values["subscription"], namespace), namespace)
	})
	if err != nil {
		return nil, err
	}
	return m.provider(ctx, r)
}
