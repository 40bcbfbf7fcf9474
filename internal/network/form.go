package network

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	"isle/expr"
	"isle/internal/arm"
)

// formVersion is the version of the stored forms. A form of a newer version is
// refused, never guessed at.
const formVersion = 1

// codeFormat is the code of a body that does not have the form of its type.
const codeFormat = "InvalidRequestFormat"

// listed gives the paths of the elements of a list in the request.
func listed(list string) func(int) string {
	return func(i int) string { return fmt.Sprintf("%s[%d]", list, i) }
}

// alone is the path of an entry that is the request itself.
func alone(int) string { return "" }

// inside is the path of a member of what is at a path.
func inside(at, member string) string {
	if at == "" {
		return member
	}
	return at + "." + member
}

// Network is a virtual network as stored; its subnets are resources of their own.
type Network struct {
	Version  int        `json:"v"`
	GUID     string     `json:"guid"`
	Space    []string   `json:"space"`
	Settings expr.Value `json:"settings"` // the members of carriedNetwork that were given
}

func (n *Network) ranges() []netip.Prefix {
	list := make([]netip.Prefix, 0, len(n.Space))
	for _, text := range n.Space {
		if p, err := netip.ParsePrefix(text); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// Attachment is what subnets are attached to, a network security group, a route table
// or a NAT gateway, as stored; rules and routes are resources of their own. Subnets and
// Interfaces are the IDs of those that use it: written together with their own
// reference, in one transaction.
type Attachment struct {
	Version    int        `json:"v"`
	GUID       string     `json:"guid"`
	Subnets    []string   `json:"subnets,omitempty"`
	Interfaces []string   `json:"interfaces,omitempty"` // of a group only
	Publics    []string   `json:"publics,omitempty"`    // of a NAT gateway: its public addresses, by ID
	Prefixes   []string   `json:"prefixes,omitempty"`   // of a NAT gateway: its public IP prefixes, by ID
	Zones      []string   `json:"zones,omitempty"`      // of a NAT gateway
	SKU        string     `json:"sku,omitempty"`        // of a NAT gateway: none is Standard
	Network    string     `json:"network,omitempty"`    // of a NAT gateway: the one that all of may use it, by ID
	Settings   expr.Value `json:"settings"`
}

// users are the IDs of all that use it.
func (a *Attachment) users() []string { return slices.Concat(a.Interfaces, a.Subnets) }

// encode writes a stored form.
func encode(form any) ([]byte, error) { return json.Marshal(form) }

// decode reads a stored form.
func decode[Form any](r arm.Resource) (*Form, error) {
	return arm.Decode[Form](r.Resource, formVersion)
}

// decodeAt is decode, with where the resource is.
func decodeAt[Form any](r arm.Resource) (*Form, arm.ID, error) {
	form, err := decode[Form](r)
	if err != nil {
		return nil, arm.ID{}, err
	}
	id, err := arm.ParseID(r.ID)
	return form, id, err
}
