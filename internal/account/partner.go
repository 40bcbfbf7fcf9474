package account

import (
	"isle/expr"
	"isle/internal/arm"
)

func partnerKind() *kind {
	return &kind{
		segment: "partners", model: "IntegrationAccountPartnerProperties", missing: "IntegrationAccountPartnerNotFound",
		most: perSKU{free: 25, basic: 2, standard: 1000}, filter: byProperty("partnerType", arm.Text), content: valueContent, check: checkPartner,
	}
}

// checkPartner wants a partner to have the identities by which messages name it, and
// adds what the service adds (logic-api §2.7).
func checkPartner(d *draft, found *arm.Found) {
	if d.text("partnerType") == "NotSpecified" {
		found.Add("InvalidRequestContent", "properties.partnerType", "The type of the partner must be given: B2B.")
	}
	content, _ := d.properties.Get("content")
	if content.Kind() != expr.KindObject {
		return // told already
	}
	b2b, _ := content.Get("b2b")
	identities, _ := b2b.Get("businessIdentities")
	if identities.Len() == 0 {
		found.Add("InvalidRequestContent", "properties.content.b2b.businessIdentities", "The partner has no business identity. Give at least one, with its qualifier and value.")
		return
	}
	for i, identity := range identities.Elements() {
		if len(*found) >= maxProblems {
			break
		}
		checkIdentity(identity, indexed("properties.content.b2b.businessIdentities", i), found)
	}
	if _, given := b2b.Get("partnerClassification"); !given {
		b2b = b2b.With("partnerClassification", expr.String("NotSpecified"))
	}
	d.set("content", content.With("b2b", b2b))
}

// checkIdentity wants neither qualifier nor value to be empty.
func checkIdentity(identity expr.Value, target string, found *arm.Found) {
	for _, name := range []string{"qualifier", "value"} {
		v, given := identity.Get(name)
		if text, isText := v.AsString(); given && isText && text == "" {
			found.Add("InvalidRequestContent", join(target, name), "The %s of the business identity is empty.", name)
		}
	}
}
