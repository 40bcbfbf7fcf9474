package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// networkQuery asks Microsoft.Network.
const networkQuery = "?api-version=2023-09-01"

// virtualNetwork is a virtual network as the API shows it.
type virtualNetwork struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Location   string `json:"location"`
	Properties struct {
		AddressSpace struct {
			AddressPrefixes []string `json:"addressPrefixes"`
		} `json:"addressSpace"`
		Subnets []subnetItem `json:"subnets"`
	} `json:"properties"`
}

type subnetItem struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Properties struct {
		AddressPrefix   string   `json:"addressPrefix"`
		AddressPrefixes []string `json:"addressPrefixes"`
	} `json:"properties"`
}

// prefixes are the subnet's, given in one way or the other.
func (s *subnetItem) prefixes() []string {
	if s.Properties.AddressPrefix != "" {
		return []string{s.Properties.AddressPrefix}
	}
	return s.Properties.AddressPrefixes
}

// networkInterface is a network interface as the API shows it.
type networkInterface struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	ETag       string            `json:"etag"` // of what has been read
	Tags       map[string]string `json:"tags"`
	Properties struct {
		IPConfigurations []struct {
			Properties struct {
				PrivateIPAddress string              `json:"privateIPAddress"`
				Subnet           struct{ ID string } `json:"subnet"`
			} `json:"properties"`
		} `json:"ipConfigurations"`
	} `json:"properties"`
}

// address is the i-th of the interface; its first one is the primary one.
func (n *networkInterface) address(i int) netip.Addr {
	if i >= len(n.Properties.IPConfigurations) {
		return netip.Addr{}
	}
	a, _ := netip.ParseAddr(n.Properties.IPConfigurations[i].Properties.PrivateIPAddress)
	return a
}

// unchanged is the condition that nobody has changed the interface since it was read.
func (n *networkInterface) unchanged() http.Header { return http.Header{"If-Match": {n.ETag}} }

func (n *networkInterface) subnet() string {
	if len(n.Properties.IPConfigurations) == 0 {
		return ""
	}
	return n.Properties.IPConfigurations[0].Properties.Subnet.ID
}

// attached is the text of the tag; "" without one.
func (n *networkInterface) attached() string {
	for name, value := range n.Tags {
		if strings.EqualFold(name, tagAttach) {
			return value
		}
	}
	return ""
}

// interfaceAt is the interface of a network that has an address; nil if there is none.
func interfaceAt(all []*networkInterface, a netip.Addr, place subnetPlace) *networkInterface {
	for _, nic := range all {
		if !strings.EqualFold(networkOf(nic.subnet()), place.network.ID) {
			continue
		}
		for i := range nic.Properties.IPConfigurations {
			if nic.address(i) == a {
				return nic
			}
		}
	}
	return nil
}

func (p *ports) interfaces(ctx context.Context, group string) ([]*networkInterface, error) {
	return listed[*networkInterface](ctx, p.client, group, "Microsoft.Network/networkInterfaces"+networkQuery)
}

// listed lists the resources of a type in a group, or in the subscription for "".
func listed[T any](ctx context.Context, c *client, group, typ string) (found []T, err error) {
	scope := "/subscriptions/" + c.operator.SubscriptionID
	if group != "" {
		scope = c.group(group)
	}
	err = c.pages(ctx, scope+"/providers/"+typ, func(page []json.RawMessage) (bool, error) {
		for _, item := range page {
			var r T
			if err := json.Unmarshal(item, &r); err != nil {
				return false, err
			}
			found = append(found, r)
		}
		return true, nil
	})
	return found, err
}

// subnetPlace is a subnet of a network.
type subnetPlace struct {
	network *virtualNetwork
	subnet  *subnetItem
}

func (p subnetPlace) String() string { return p.network.Name + "/" + p.subnet.Name }

// find finds the one subnet that contains the private address. The error lists the
// candidates.
func (p *ports) find(ctx context.Context, a portAdd) (subnetPlace, error) {
	all, err := listed[*virtualNetwork](ctx, p.client, a.group, "Microsoft.Network/virtualNetworks"+networkQuery)
	if err != nil {
		return subnetPlace{}, err
	}
	return choosePlace(all, a)
}

func choosePlace(all []*virtualNetwork, a portAdd) (subnetPlace, error) {
	var found []subnetPlace
	var others, groups []string
	for _, n := range all {
		if a.network != "" && !strings.EqualFold(a.network, n.Name) {
			continue
		}
		for i := range n.Properties.Subnets {
			place := subnetPlace{n, &n.Properties.Subnets[i]}
			if contains(place.subnet.prefixes(), a.private) {
				found = append(found, place)
				groups = append(groups, fmt.Sprintf("%s in the resource group %s", place, groupOf(n.ID)))
			}
			others = append(others, fmt.Sprintf("%s (%s)", place, strings.Join(place.subnet.prefixes(), ", ")))
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return subnetPlace{}, fmt.Errorf("%d subnets contain %s: %s; choose one with --network and -g", len(found), a.private, strings.Join(groups, ", "))
	case len(others) == 0:
		return subnetPlace{}, fmt.Errorf("there is no virtual network%s with subnets: deploy one first", called(a.network))
	}
	return subnetPlace{}, fmt.Errorf("no subnet contains %s; there are: %s", a.private, strings.Join(others, ", "))
}

func called(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" %q", name)
}

func contains(prefixes []string, a netip.Addr) bool {
	for _, text := range prefixes {
		if p, err := netip.ParsePrefix(text); err == nil && p.Contains(a) {
			return true
		}
	}
	return false
}

// segment is the last segment of a resource ID.
func segment(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// networkOf is the ID of the network that a subnet is in.
func networkOf(subnet string) string {
	if i := strings.LastIndex(strings.ToLower(subnet), "/subnets/"); i >= 0 {
		return subnet[:i]
	}
	return subnet
}

// groupOf is the resource group in an ID.
func groupOf(id string) string {
	segments := strings.Split(id, "/")
	for i := range segments[:len(segments)-1] {
		if strings.EqualFold(segments[i], "resourceGroups") {
			return segments[i+1]
		}
	}
	return ""
}
