package runner

import (
	"encoding/json"
	"fmt"
	"strings"
)

// OAuthPolicy lets in who has a token with all these claims (accessControl,
// ise.md #161): name and value.
type OAuthPolicy []Claim

// Claim is a claim that a token must have.
type Claim struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Allows says whether a token's claims meet the policy. One that is a list, such as aud,
// must hold the value; of issuers a slash at the end does not count.
func (p OAuthPolicy) Allows(claims map[string]any) bool {
	for _, want := range p {
		if !claimHolds(claims[want.Name], want) {
			return false
		}
	}
	return len(p) > 0
}

func claimHolds(have any, want Claim) bool {
	switch v := have.(type) {
	case nil:
		return false
	case []any:
		for _, e := range v {
			if claimHolds(e, want) {
				return true
			}
		}
		return false
	case string:
		if want.Name == "iss" {
			return strings.TrimSuffix(v, "/") == strings.TrimSuffix(want.Value, "/")
		}
		return v == want.Value
	case map[string]any:
		return false
	case json.Number:
		return v.String() == want.Value
	}
	return fmt.Sprint(have) == want.Value
}
