package network

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// Clients that look at a network from a virtual machine, such as `az network watcher`, name
// it and read it first, to learn its location. Here an interface, which may stand for a
// real machine, and an environment are what a network is looked at from: under the ID of a
// machine they answer to their own name.

// machineRoute answers GET of such a machine. There is no other operation on machines.
func (p *provider) machineRoute() arm.Route {
	return arm.Route{Method: http.MethodGet, Pattern: "/subscriptions/{subscription}/resourceGroups/{group}/providers/" + typeMachines + "/{machine}", Action: typeMachines + "/read", Serve: p.machine}
}

func (p *provider) machine(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	id, err := arm.ParseID("/subscriptions/" + r.Values["subscription"] + "/resourceGroups/" + r.Values["group"] + "/providers/" + typeMachines + "/" + r.Values["machine"])
	if err != nil {
		return nil, err
	}
	var stands *arm.Resource
	if err := p.control.Read(ctx, func(tx *store.Tx) (err error) {
		stands, err = machineOf(tx, id)
		return err
	}); err != nil {
		return nil, err
	}
	if stands == nil {
		return nil, arm.Missing("ResourceNotFound", "%s", noMachine(id))
	}
	var f, properties, profile, device fields
	interfaces := expr.Array()
	if at, err := arm.ParseID(stands.ID); err == nil && strings.EqualFold(at.Type(), typeInterfaces) {
		device.text("id", stands.ID)
		device.add("properties", expr.Object(expr.Member{Name: "primary", Value: expr.Bool(true)}))
		interfaces = expr.Array(device.value())
	}
	profile.add("networkInterfaces", interfaces)
	properties.text("provisioningState", succeeded)
	properties.add("networkProfile", profile.value())
	f.text("name", id.Name())
	f.text("id", id.String())
	f.text("type", typeMachines)
	f.text("location", stands.Location)
	f.add("properties", properties.value())
	return arm.Reply(f.value()), nil
}

// machineOf is what stands for a machine: the interface or the environment of its name in
// its group; nil if there is none.
func machineOf(tx *store.Tx, id arm.ID) (*arm.Resource, error) {
	for _, typ := range []string{typeInterfaces, typeEnvironments} {
		r, err := arm.Load(tx, id.GroupID().String()+"/providers/"+typ+"/"+id.Name())
		if err == nil {
			return &r, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
	}
	return nil, nil
}

// standing is what stands for a machine, if the target is one and something does; else the
// target.
func (p *provider) standing(ctx context.Context, target string) (string, error) {
	id, err := arm.ParseID(target)
	if err != nil || !strings.EqualFold(id.Type(), typeMachines) {
		return target, nil // what is wrong with it is told where it is looked for
	}
	err = p.control.Read(ctx, func(tx *store.Tx) error {
		stands, err := machineOf(tx, id)
		if stands != nil {
			target = stands.ID
		}
		return err
	})
	return target, err
}

func noMachine(id arm.ID) string {
	return "There are no virtual machines, and no network interface or integration service environment '" + id.Name() + "' in the resource group '" + id.Group +
		"' that could stand for one. Give the name of an interface, which may stand for a real machine (tag isle-attach), or of an environment."
}
