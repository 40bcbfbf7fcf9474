package account

import (
	"fmt"
	"strings"

	"isle/expr"
	"isle/internal/arm"
)

func agreementKind() *kind {
	return &kind{
		segment: "agreements", model: "IntegrationAccountAgreementProperties", missing: "IntegrationAccountAgreementNotFound",
		most: perSKU{free: 10, basic: 1, standard: 1000}, filter: byProperty("agreementType", arm.Text), content: valueContent, check: checkAgreement,
	}
}

// checkAgreement wants the settings of the agreement's own protocol, and bounds of
// control numbers that bound something. The partners need not be there yet, as in the
// service, whose own tests create agreements before partners (logic-api §2.7).
func checkAgreement(d *draft, found *arm.Found) {
	content, _ := d.properties.Get("content")
	protocol, known := map[string]string{"AS2": "aS2", "X12": "x12", "Edifact": "edifact"}[d.text("agreementType")]
	settings, _ := content.Get(protocol)
	switch {
	case d.text("agreementType") == "NotSpecified":
		found.Add("InvalidRequestContent", "properties.agreementType", "The type of the agreement must be given: AS2, X12 or Edifact.")
	case known && content.Kind() == expr.KindObject && settings.IsNull():
		found.Add("InvalidRequestContent", "properties.content."+protocol, "An agreement of type '%s' needs 'content.%s', with its receiveAgreement and sendAgreement.", d.text("agreementType"), protocol)
	}
	for _, name := range []string{"hostPartner", "guestPartner"} {
		if v, given := d.properties.Get(name); given && v.Text() == "" {
			found.Add("InvalidRequestContent", "properties."+name, "The member '%s' is empty. Give the name of a partner.", name)
		}
	}
	for _, name := range []string{"hostIdentity", "guestIdentity"} {
		identity, _ := d.properties.Get(name)
		checkIdentity(identity, "properties."+name, found)
	}
	checkBounds(content, "properties.content", found)
}

// checkBounds looks for pairs of control number bounds, wherever they stand.
func checkBounds(v expr.Value, target string, found *arm.Found) {
	for name, member := range v.Members() {
		checkBounds(member, join(target, name), found)
		stem, isLower := strings.CutSuffix(name, "LowerBound")
		if !isLower {
			continue
		}
		lower, _ := member.AsInt()
		above, _ := v.Get(stem + "UpperBound")
		upper, ok := above.AsInt()
		switch {
		case lower < 0:
			found.Add("InvalidRequestContent", join(target, name), "The lower bound %d of '%s' is negative.", lower, stem)
		case ok && upper < lower:
			found.Add("InvalidRequestContent", join(target, stem+"UpperBound"), "The upper bound %d of '%s' is below its lower bound %d.", upper, stem, lower)
		}
	}
	for i, e := range v.Elements() {
		if len(*found) >= maxProblems {
			break
		}
		checkBounds(e, indexed(target, i), found)
	}
}

func indexed(target string, i int) string { return fmt.Sprintf("%s[%d]", target, i) }
