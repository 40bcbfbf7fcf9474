package network

import (
	"context"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// putTable creates or replaces a route table. A request without the member
// "routes" leaves the routes as they are.
func (p *provider) putTable(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	body := new(tableBody)
	return putAttached(tx, r, body, carriedTable, "routes", typeRoutes, func(found *arm.Found) ([]nested[Route], error) {
		routes := make([]Route, len(body.Routes))
		want := make([]nested[Route], len(routes))
		for i := range body.Routes {
			routes[i] = body.Routes[i].Properties.route(body.Routes[i].Name)
			want[i] = nested[Route]{name: routes[i].Name, form: &routes[i]}
		}
		p.tags().checkRoutes(routes, listed("properties.routes"), found)
		if r.Old == nil {
			return want, nil
		}
		return want, checkFirewallRoutes(tx, r.Old.Key, routes, "properties.routes", found)
	})
}

func viewTable(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, id, err := decodeAt[Attachment](r)
	if err != nil {
		return expr.Null(), err
	}
	routes, err := children[Route](tx, id, typeRoutes)
	if err != nil {
		return expr.Null(), err
	}
	return properties(form.tableView(embedded(routes, typeRoutes, func(n *nested[Route]) expr.Value { return n.form.view() }))), nil
}

func (p *provider) putRoute(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	body := new(routeBody)
	if !found.Decode(r.Properties(), body, "properties", codeFormat) {
		return nil, found.Err()
	}
	parent, _ := r.ID.Parent()
	siblings, err := children[Route](tx, parent, typeRoutes)
	if err != nil {
		return nil, err
	}
	all := beside(siblings, body.route(r.ID.Name()), r.ID.Name())
	p.tags().checkRoutes(all, alone, &found)
	if err := checkFirewallRoutes(tx, parent.Key(), all, "properties", &found); err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if err := touch(tx, parent.Key(), r.Now); err != nil {
		return nil, err
	}
	stored, err := encode(&all[len(all)-1])
	return &arm.Written{Body: stored}, err
}

func viewRoute(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[Route](r)
	if err != nil {
		return expr.Null(), err
	}
	return properties(form.view()), nil
}
