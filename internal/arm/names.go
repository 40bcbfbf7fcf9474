package arm

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"isle/expr"
)

// Questions about names and zones that belong to no resource (logic-api §5.4).

// reservedNames may not be, or begin or be in, the name of a resource; the words are
// those of Azure's list of reserved names.
func reservedNames() (whole []string, begin []string, inside []string) {
	return []string{"access", "azure", "bing", "bizspark", "biztalk", "cortana", "directx", "dotnet", "dynamics", "excel", "exchange", "forefront", "groove", "hololens", "hyperv",
			"kinect", "lync", "msdn", "o365", "office", "office365", "onedrive", "onenote", "outlook", "powerpoint", "sharepoint", "skype", "visio", "visualstudio"},
		[]string{"login"}, []string{"microsoft", "windows", "xbox"}
}

// checkResourceName tells whether the name of a resource is reserved.
func checkResourceName(_ context.Context, r *Request) (*Response, error) {
	var found []*Error
	name, typ := required(r.Body, "name", &found), required(r.Body, "type", &found)
	if problem := Problems(found); problem != nil {
		return nil, problem
	}
	whole, begin, inside := reservedNames()
	lower := strings.ToLower(name)
	is := slices.Contains(whole, lower) || slices.ContainsFunc(begin, func(w string) bool { return strings.HasPrefix(lower, w) }) ||
		slices.ContainsFunc(inside, func(w string) bool { return strings.Contains(lower, w) })
	if is {
		return nil, Invalid("ReservedResourceName", "name", "The resource name '%s' or a part of the name is a trademarked or reserved word. Choose another one.", printable(name))
	}
	return Reply(object("name", name, "type", typ, "status", "Allowed")), nil
}

// required reads a text of a body that must be there.
func required(body expr.Value, name string, found *[]*Error) string {
	v, _ := body.Get(name)
	s, isText := v.AsString()
	if !isText || s == "" {
		*found = append(*found, Invalid("InvalidRequestContent", name, "The request content is not valid: '%s' must be given, as a text.", name))
	}
	return s
}

// checkZonePeers tells how the zones of subscriptions correspond: all of them are this
// machine, so each zone is its own peer.
func (m *Manager) checkZonePeers(_ context.Context, r *Request) (*Response, error) {
	var found []*Error
	location := required(r.Body, "location", &found)
	if !isLocation(location) {
		found = append(found, Invalid("LocationNotAvailable", "location", "The location '%s' is not one: it has letters, digits and spaces.", printable(location)))
	}
	list, _ := r.Body.Get("subscriptionIds")
	var ids []string
	for _, v := range list.Elements() {
		id, _ := v.AsString()
		id = id[strings.LastIndexByte(id, '/')+1:]
		if err := m.checkSubscription([]string{"subscriptions", id}); err != nil {
			found = append(found, AsError(err))
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		found = append(found, Invalid("InvalidRequestContent", "subscriptionIds", "The request content is not valid: 'subscriptionIds' must be an array of IDs of subscriptions."))
	}
	if problem := Problems(found); problem != nil {
		problem.Status = http.StatusBadRequest
		return nil, problem
	}
	var peers []expr.Value
	for _, zone := range []string{"1", "2", "3"} {
		var same []expr.Value
		for _, id := range ids {
			same = append(same, object("subscriptionId", id, "availabilityZone", zone))
		}
		peers = append(peers, object("availabilityZone", zone, "peers", expr.Array(same...)))
	}
	return Reply(object("subscriptionId", r.Values["subscription"], "location", location, "availabilityZonePeers", expr.Array(peers...))), nil
}
