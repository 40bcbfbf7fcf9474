package identity

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

func viewApplication(c client) map[string]any {
	publicURIs, webURIs := []string{}, []string{}
	if c.Public {
		publicURIs = append(publicURIs, c.Redirects...)
	} else {
		webURIs = append(webURIs, c.Redirects...)
	}
	return map[string]any{"id": c.ID, "appId": c.ID, "displayName": c.Name, "createdDateTime": stamp(c.Created), "signInAudience": "AzureADMyOrg", "identifierUris": []string{},
		"passwordCredentials": c.passwords(), "keyCredentials": c.certificates(), "isFallbackPublicClient": c.Public, "requiredResourceAccess": []any{}, "appRoles": []any{},
		"publicClient": map[string]any{"redirectUris": publicURIs}, "web": map[string]any{"redirectUris": webURIs}, "spa": map[string]any{"redirectUris": []string{}}}
}

func (s *Service) viewServicePrincipal(c client) map[string]any {
	return map[string]any{"id": c.Object, "appId": c.ID, "displayName": c.Name, "appDisplayName": c.Name, "servicePrincipalType": "Application", "accountEnabled": true,
		"servicePrincipalNames": []string{c.ID}, "appOwnerOrganizationId": s.Tenant(), "passwordCredentials": c.passwords(), "keyCredentials": c.certificates(),
		"signInAudience": "AzureADMyOrg", "createdDateTime": stamp(c.Created)}
}

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

func (c client) passwords() []map[string]any {
	list := []map[string]any{}
	for _, p := range c.Secrets {
		list = append(list, p.view())
	}
	return list
}

func (p secret) view() map[string]any {
	return map[string]any{"keyId": p.ID, "displayName": p.Name, "hint": p.Hint, "startDateTime": stamp(p.Created), "endDateTime": stamp(p.Ends), "secretText": nil, "customKeyIdentifier": nil}
}

func (c client) certificates() []map[string]any {
	list := []map[string]any{}
	for _, k := range c.Keys {
		list = append(list, map[string]any{"keyId": k.ID, "displayName": k.Name, "type": "AsymmetricX509Cert", "usage": "Verify", "customKeyIdentifier": hexThumb(k.Thumb), "endDateTime": stamp(k.Ends), "key": nil})
	}
	return list
}

func (s *Service) listClients(c *graphCall, show func(client) map[string]any) (any, error) {
	var values []map[string]any
	for _, app := range s.directory.Load().Clients {
		values = append(values, show(app))
	}
	return filtered(c.Request, values)
}

// clientAt finds the application of a path, by any of its ids.
func (s *Service) clientAt(c *graphCall) (client, error) {
	id := c.PathValue("id")
	d := s.directory.Load()
	app, ok := d.client(id)
	if !ok {
		app, ok = d.clientOf(id)
	}
	if !ok {
		return client{}, store.ErrNotFound
	}
	return app, nil
}

func (s *Service) readClient(c *graphCall, show func(client) map[string]any) (any, error) {
	app, err := s.clientAt(c)
	if err != nil {
		return nil, err
	}
	return show(app), nil
}

// appBody is what can be set of an application.
type appBody struct {
	name       *string
	public     *bool
	redirects  *[]string
	keys       *[]keyBody
	publicURIs bool
}

type keyBody struct {
	ID   string `json:"keyId"`
	Name string `json:"displayName"`
	Key  string `json:"key"`
}

func (c *graphCall) app() (b appBody, err error) {
	var native, web struct {
		URIs *[]string `json:"redirectUris"`
	}
	for member, into := range map[string]any{"displayName": &b.name, "isFallbackPublicClient": &b.public, "publicClient": &native, "web": &web, "keyCredentials": &b.keys} {
		if err := c.decode(member, into); err != nil {
			return b, err
		}
	}
	if native.URIs != nil && len(*native.URIs) > 0 {
		b.redirects, b.publicURIs = native.URIs, true
	} else if web.URIs != nil {
		b.redirects = web.URIs
	}
	return b, nil
}

const maxRedirects = 50

func (b appBody) apply(c *client) error {
	if b.name != nil {
		if *b.name == "" || len(*b.name) > 256 {
			return fmt.Errorf("%w: the displayName has 1 to 256 characters", errRefused)
		}
		c.Name = *b.name
	}
	if b.public != nil {
		c.Public = *b.public
	}
	if b.redirects != nil {
		if len(*b.redirects) > maxRedirects {
			return fmt.Errorf("%w: an application has at most %d redirect URIs", errRefused, maxRedirects)
		}
		for _, r := range *b.redirects {
			if err := checkRedirect(r); err != nil {
				return err
			}
		}
		c.Redirects = slices.Clone(*b.redirects)
		c.Public = c.Public || b.publicURIs
	}
	if b.keys == nil {
		return nil
	}
	var next []clientKey
	for _, k := range *b.keys {
		if k.Key == "" { // one that is there already, as a list shows it
			i := slices.IndexFunc(c.Keys, func(o clientKey) bool { return strings.EqualFold(o.ID, k.ID) })
			if i < 0 {
				return fmt.Errorf("%w: the key credential '%.100s' has no key", errRefused, k.ID)
			}
			next = append(next, c.Keys[i])
			continue
		}
		content, err := base64.StdEncoding.DecodeString(k.Key)
		if err != nil {
			return fmt.Errorf("%w: the key of a key credential is the certificate in base64", errRefused)
		}
		read, err := readCertificate(k.Name, content)
		if err != nil {
			return err
		}
		next = append(next, read)
	}
	return c.setKeys(next)
}

func (s *Service) postApplication(c *graphCall) (any, error) {
	b, err := c.app()
	if err != nil {
		return nil, err
	}
	app := client{ID: arm.NewGUID(), Object: arm.NewGUID(), Created: s.now()}
	if b.name == nil {
		return nil, graphInvalid("The property displayName is required.")
	}
	if err := b.apply(&app); err != nil {
		return nil, err
	}
	return viewApplication(app), s.addClient(c.Context(), app)
}

// postServicePrincipal answers the one that was made with the application.
func (s *Service) postServicePrincipal(c *graphCall) (any, error) {
	var id string
	if err := c.decode("appId", &id); err != nil {
		return nil, err
	}
	app, ok := s.directory.Load().client(id)
	if !ok {
		return nil, graphInvalid("The appId '%s' of the service principal does not reference a valid application object.", clean(id))
	}
	return s.viewServicePrincipal(app), nil
}

func (s *Service) patchClient(c *graphCall) (any, error) {
	app, err := s.clientAt(c)
	if err != nil {
		return nil, err
	}
	b, err := c.app()
	if err != nil {
		return nil, err
	}
	return nil, s.change(c.Context(), func(d *directory) error { return d.editClient(app.ID, b.apply) })
}

func (s *Service) deleteClient(c *graphCall) (any, error) {
	app, err := s.clientAt(c)
	if err != nil {
		return nil, err
	}
	return nil, s.change(c.Context(), func(d *directory) error {
		if len(d.Clients) > 0 && d.Clients[0].ID == app.ID {
			return fmt.Errorf("%w: this is the server's operator, which its own commands use: it cannot be deleted, only its roles can be taken away", errRefused)
		}
		d.Clients = slices.DeleteFunc(slices.Clone(d.Clients), func(o client) bool { return o.ID == app.ID })
		d.leave(app.Object)
		return nil
	})
}

func (s *Service) addPassword(c *graphCall) (any, error) {
	app, err := s.clientAt(c)
	if err != nil {
		return nil, err
	}
	var p struct {
		Name string    `json:"displayName"`
		Ends time.Time `json:"endDateTime"`
	}
	if err := c.decode("passwordCredential", &p); err != nil {
		return nil, err
	}
	text, made, err := s.AddSecret(c.Context(), app.ID, p.Name, p.Ends)
	if err != nil {
		return nil, err
	}
	v := made.view()
	v["secretText"] = text
	return v, nil
}

func (s *Service) removePassword(c *graphCall) (any, error) {
	app, err := s.clientAt(c)
	if err != nil {
		return nil, err
	}
	var id string
	if err := c.decode("keyId", &id); err != nil {
		return nil, err
	}
	return nil, s.removeCredential(c.Context(), app.ID, id)
}
