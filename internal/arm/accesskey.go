package arm

import (
	"encoding/json"
	"strings"
	"time"
)

// KeyRequest is what actions ask of one of a resource's two access keys
// (GetCallbackUrlParameters; regenerateAccessKey has keyType alone).
type KeyRequest struct {
	Secondary bool
	NotAfter  time.Time // UTC; zero for a signature without an end
}

// Key reads the request; without a body it is the primary key, without an end.
func (r *Request) Key() (k KeyRequest, err error) {
	var found Found
	var body struct {
		KeyType  string     `json:"keyType"`
		NotAfter *time.Time `json:"notAfter"`
	}
	if !r.Body.IsNull() {
		if err := json.Unmarshal(r.Body.JSON(), &body); err != nil {
			found.Add("InvalidRequestContent", "", "The request content is not valid: notAfter must be a time such as 2030-01-31T00:00:00Z, keyType a text.")
			return k, found.Err()
		}
	}
	if body.KeyType != "" {
		if _, ok := Choice(body.KeyType, "Primary", "Secondary", "NotSpecified"); !ok {
			found.Add("InvalidRequestContent", "keyType", "The key type '%s' is not valid. Give Primary or Secondary.", printable(body.KeyType))
		}
	}
	k.Secondary = strings.EqualFold(body.KeyType, "Secondary")
	if body.NotAfter != nil {
		if k.NotAfter = body.NotAfter.UTC(); !k.NotAfter.After(r.Now) {
			found.Add("InvalidRequestContent", "notAfter", "The time '%s' of notAfter has passed: the URL would never be valid.", Timestamp(k.NotAfter))
		}
	}
	return k, found.Err()
}

// Choice finds a word of an enumeration, which is given in any letter case, in its own
// spelling; false, with the text as it is, if it is none of them.
func Choice(text string, of ...string) (string, bool) {
	for _, s := range of {
		if strings.EqualFold(s, text) {
			return s, true
		}
	}
	return text, false
}
