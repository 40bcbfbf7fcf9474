package logic

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/internal/runner"
	"isle/wdl"
)

// accessBody is accessControl (logic-api §2.2, ise.md #161, #163).
type accessBody struct {
	Triggers   policyBody `json:"triggers"`
	Actions    policyBody `json:"actions"`
	Contents   policyBody `json:"contents"`
	Management policyBody `json:"workflowManagement"`
}

type policyBody struct {
	Addresses *[]struct {
		Range string `json:"addressRange"`
	} `json:"allowedCallerIpAddresses"`
	// OAuth and Signatures mean something for triggers only.
	OAuth struct {
		Policies map[string]oauthBody `json:"policies,omitempty"`
	} `json:"openAuthenticationPolicies,omitzero"`
	Signatures struct {
		State string `json:"state,omitempty"`
	} `json:"sasAuthenticationPolicy,omitzero"`
}

type oauthBody struct {
	Type   string         `json:"type"`
	Claims []runner.Claim `json:"claims"`
}

// Bounds of OAuth policies (ise.md #161).
const (
	maxPolicies   = 5
	maxClaims     = 10
	maxClaimValue = 150
)

// check reports address ranges that are none.
func (b *accessBody) check(found *arm.Found) {
	const target = "properties.accessControl"
	b.Triggers.check(target+".triggers", found)
	b.Actions.check(target+".actions", found)
	b.Contents.check(target+".contents", found)
	b.Management.check(target+".workflowManagement", found)
	b.Triggers.checkOAuth(target+".triggers", found)
}

// checkOAuth reports policies that no token could meet, or too many of them.
func (b *policyBody) checkOAuth(target string, found *arm.Found) {
	const code = "InvalidOpenAuthenticationPolicy"
	if n := len(b.OAuth.Policies); n > maxPolicies {
		found.Add(code, target+".openAuthenticationPolicies", "The trigger has %d authorization policies; at most %d are allowed.", n, maxPolicies)
	}
	for _, name := range slices.Sorted(maps.Keys(b.OAuth.Policies)) {
		p, at := b.OAuth.Policies[name], target+".openAuthenticationPolicies.policies."+name
		if p.Type != "" && !strings.EqualFold(p.Type, "AAD") {
			found.Add(code, at+".type", "The type '%s' of the authorization policy '%s' is not AAD.", p.Type, name)
		}
		if len(p.Claims) > maxClaims {
			found.Add(code, at+".claims", "The authorization policy '%s' has %d claims; at most %d are allowed.", name, len(p.Claims), maxClaims)
		}
		issued := false
		for i, c := range p.Claims {
			issued = issued || c.Name == "iss" && strings.HasPrefix(c.Value, "https://")
			if c.Name == "" || c.Value == "" || len([]rune(c.Value)) > maxClaimValue {
				found.Add(code, fmt.Sprintf("%s.claims[%d]", at, i), "A claim has a name, and a value of 1 to %d characters.", maxClaimValue)
			}
		}
		if !issued {
			found.Add(code, at+".claims", "The authorization policy '%s' needs the claim 'iss': the https URL of the issuer of the tokens.", name)
		}
	}
	if s := b.Signatures.State; s != "" && !strings.EqualFold(s, "Enabled") && !strings.EqualFold(s, "Disabled") {
		found.Add(wdl.CodeInvalidRequestContent, target+".sasAuthenticationPolicy.state", "The state '%s' is neither Enabled nor Disabled.", s)
	}
}

// policies are the OAuth policies, in the order of their names.
func (b *policyBody) policies() (list []runner.OAuthPolicy) {
	for _, name := range slices.Sorted(maps.Keys(b.OAuth.Policies)) {
		list = append(list, b.OAuth.Policies[name].Claims)
	}
	return list
}

// admitManagement lets in to the management of a workflow who calls from an allowed address. The
// resource itself can be read and changed from anywhere, or nobody could lift the limit.
func admitManagement(r arm.Resource, from netip.Addr) error {
	form, err := decode[workflow](r.Resource)
	if err != nil {
		return err
	}
	callers := form.Access.Management.callers()
	if callers.Allow(from) {
		return nil
	}
	return &arm.Error{Status: http.StatusForbidden, Code: "AuthorizationFailed",
		Message: "The client IP address '" + from.String() + "' is not in the allowed caller IP address ranges specified in the workflow access control configuration (accessControl.workflowManagement)."}
}

func (b *policyBody) check(target string, found *arm.Found) {
	if b.Addresses == nil {
		return
	}
	for i, a := range *b.Addresses {
		if _, ok := runner.ParseAddressRange(a.Range); !ok {
			found.Add(wdl.CodeInvalidRequestContent, fmt.Sprintf("%s.allowedCallerIpAddresses[%d].addressRange", target, i), "The address range '%s' is not valid. Give a range such as 10.0.0.0/24 or 10.0.0.1-10.0.0.9.", a.Range)
		}
	}
}

// callers are those whom the policy lets; the ranges have been checked.
func (b *policyBody) callers() (c runner.Callers) {
	if b.Addresses == nil {
		return c
	}
	c.Limited = true
	for _, a := range *b.Addresses {
		if r, ok := runner.ParseAddressRange(a.Range); ok {
			c.Ranges = append(c.Ranges, r)
		}
	}
	return c
}
