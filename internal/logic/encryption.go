package logic

import (
	"regexp"
	"strings"
	"sync"

	"isle/expr"
	"isle/internal/arm"
	"isle/wdl"
)

// memberEncryption names the key of a customer's vault under which an environment's data
// shall lie. It is checked and kept; the data lies under the server's own root key.
const memberEncryption = "encryptionConfiguration"

// encryptionBody is encryptionConfiguration (logic-api §3.2).
type encryptionBody struct {
	Key *struct {
		Vault   *idBody `json:"keyVault"`
		Name    string  `json:"keyName"`
		Version string  `json:"keyVersion"`
	} `json:"encryptionKeyReference"`
}

var keyForms = sync.OnceValue(func() (forms struct{ name, version *regexp.Regexp }) {
	forms.name, forms.version = regexp.MustCompile(`^[0-9A-Za-z-]{1,127}$`), regexp.MustCompile(`^[0-9A-Za-z]{1,64}$`)
	return forms
})

// checkEncryption: a key is named at creation or never, and stays (ise.md #144 to #148).
// A request that leaves it out changes nothing.
func (b *environmentBody) checkEncryption(form *environment, fresh bool, found *arm.Found) {
	const place = "properties." + memberEncryption
	given, kept := b.Properties.Encryption, path(form.Settings, memberEncryption)
	if given.IsNull() {
		return
	}
	if !fresh && !expr.Equal(given, kept) {
		found.Add("PropertyChangeNotAllowed", place, "Changing the encryption configuration of an environment is not allowed: a customer-managed key is named at creation, and can neither be added, replaced nor removed later. Delete the environment and create it anew.")
		return
	}
	var body encryptionBody
	if !found.Decode(given, &body, place, wdl.CodeInvalidRequestContent) {
		return
	}
	body.check(place+".encryptionKeyReference", found)
	if typ, _ := arm.Choice(b.identityType(form), "SystemAssigned", "UserAssigned"); typ != "SystemAssigned" && typ != "UserAssigned" {
		found.Add("CustomerManagedKeyIdentityRequired", "identity", "A customer-managed key needs a managed identity that may use it. Give the environment an identity of type SystemAssigned or UserAssigned.")
	}
}

// identityType is the one that the request gives, else the one there is.
func (b *environmentBody) identityType(form *environment) string {
	if b.Identity != nil {
		return b.Identity.Type
	}
	if form.Identity != nil {
		return form.Identity.Type
	}
	return ""
}

func (b *encryptionBody) check(place string, found *arm.Found) {
	const code = "InvalidEncryptionKeyReference"
	if b.Key == nil {
		found.Add(code, place, "The encryption configuration names no key. Give 'encryptionKeyReference' with 'keyVault.id', 'keyName' and 'keyVersion'.")
		return
	}
	vault := b.Key.Vault.id()
	if id, err := arm.ParseID("/" + strings.TrimPrefix(vault, "/")); err != nil || !strings.EqualFold(id.Type(), "Microsoft.KeyVault/vaults") {
		found.Add(code, place+".keyVault.id", "'%s' is not the resource ID of a key vault. Give /subscriptions/…/resourceGroups/…/providers/Microsoft.KeyVault/vaults/{vault}.", vault)
	}
	if !keyForms().name.MatchString(b.Key.Name) {
		found.Add(code, place+".keyName", "The key name '%s' is not valid. A key of a vault has 1 to 127 letters, digits and hyphens.", b.Key.Name)
	}
	if !keyForms().version.MatchString(b.Key.Version) {
		found.Add(code, place+".keyVersion", "The key version '%s' is not valid. Give the version of the key, 32 hexadecimal digits.", b.Key.Version)
	}
}
