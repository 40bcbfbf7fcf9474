package logic

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/internal/task"
	"isle/wdl"
)

func (s *Service) connectorType() arm.Type {
	return arm.Type{
		Name: connectorType, APIVersions: versions(), MissingCode: "IntegrationServiceEnvironmentManagedApiNotFound", Running: "Pending",
		ValidName: anyName,
		Put:       s.putConnector, Delete: s.deleteConnector, View: s.viewConnector,
		List: &arm.ListSpec{},
		Reads: map[string]arm.Handler{"apiOperations": func(context.Context, *arm.Request) (*arm.Response, error) {
			return arm.Reply(list(expr.Array())), nil // none can be called yet
		}},
	}
}

// putConnector deploys a managed connector into an environment (ise.md #92 to #96).
func (s *Service) putConnector(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	known, ok := connectorByName(r.ID.Name())
	if !ok {
		found.Add("InvalidManagedApiName", "name", "There is no managed connector '%s' for an integration service environment. Choose one of: %s.", r.ID.Name(), connectorNames())
	}
	if tags, _ := r.Body.Get("tags"); tags.Len() > 0 {
		// The service's own spelling (ise.md #94).
		found.Add("IntergrationServiceEnvironmentManagedApiDefinitionTagsNotSupported", "tags", "The tags are not supported in the managed API '%s'. Remove them; a policy that adds tags must exempt the connector.", r.ID.Name())
	}
	if p := r.Properties(); !p.IsNull() && p.Kind() != expr.KindObject {
		found.Add("InvalidRequestContent", "properties", "The properties of a managed API must be an object; it may be empty.")
	}
	parameters, _ := r.Properties().Get("deploymentParameters")
	checkDeployment(parameters, &found)
	parent, _ := r.ID.Parent()
	home, err := arm.Load(tx, parent.Key())
	if err != nil {
		return nil, err
	}
	if home.State != "Succeeded" {
		found = append(found, notReady(home))
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	form := connectorForm{Version: formVersion, Name: known.name}
	form.Parameters = parameters
	stored, err := json.Marshal(form)
	if err != nil {
		return nil, err
	}
	r.Operation = operationID("PutIntegrationServiceEnvironmentManagedApi", sequenceID(r.Now))
	r.Async(KindConnector, nil)
	return &arm.Written{Body: stored}, nil
}

// checkDeployment checks the parameters that some connectors are deployed with: a
// link to their package (logic-api §3.6).
func checkDeployment(parameters expr.Value, found *arm.Found) {
	const target = "properties.deploymentParameters"
	var body struct {
		Content *struct {
			URI string `json:"uri"`
		} `json:"contentLinkDefinition"`
	}
	if !found.Decode(parameters, &body, target, wdl.CodeInvalidRequestContent) || body.Content == nil {
		return
	}
	if u, err := url.Parse(body.Content.URI); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		found.Add(wdl.CodeInvalidRequestContent, target+".contentLinkDefinition.uri", "The URI '%s' of the connector's package is not an absolute http or https URL.", body.Content.URI)
	}
}

func notReady(home arm.Resource) *arm.Error {
	return arm.Conflict("IntegrationServiceEnvironmentNotReady", "", "The integration service environment '%s' is in state %s. Wait until it is Succeeded.", home.ID, home.State)
}

func (s *Service) deleteConnector(_ context.Context, _ *store.Tx, r *arm.DeleteRequest) error {
	if r.Cascade {
		return nil // goes with its environment
	}
	r.Operation = operationID("DeleteIntegrationServiceEnvironmentManagedApi", sequenceID(r.Now))
	r.Async(KindConnector, nil)
	return nil
}

// reconcileConnector closes the operation of a connector's PUT or DELETE. What the
// network keeps from working is not deployed; it can always be removed.
func (s *Service) reconcileConnector(ctx context.Context, _ *store.DB, t store.Task) (task.Result, error) {
	job, err := arm.ReadJob(t)
	if err != nil {
		return task.Done(), err
	}
	home, form, removal, err := s.readConnectorHome(ctx, job.Resource)
	if errors.Is(err, store.ErrNotFound) {
		return task.Done(), nil // deleted meanwhile
	}
	if err != nil {
		return task.Done(), err
	}
	var failure error
	if !removal {
		if failure = s.checkReachable(ctx, form, home); failure != nil && arm.AsError(failure) == nil {
			return task.Done(), failure
		}
	}
	return task.Done(), s.control.Write(ctx, func(tx *store.Tx) error {
		return s.operations.Complete(ctx, tx, job.Resource, job.Operation, failure)
	})
}

// readConnectorHome reads the environment of a connector, its ID, and whether the
// connector is being removed.
func (s *Service) readConnectorHome(ctx context.Context, key string) (home string, form *environment, removal bool, err error) {
	err = s.control.Read(ctx, func(tx *store.Tx) error {
		r, err := arm.Load(tx, key)
		if err != nil {
			return err
		}
		home, removal = r.Parent, r.State == "Deleting"
		form, err = loadEnvironment(tx, r.Parent)
		return err
	})
	return home, form, removal, err
}

func (s *Service) viewConnector(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[connectorForm](r.Resource)
	if err != nil {
		return expr.Null(), err
	}
	home, err := arm.Load(tx, r.Parent)
	if err != nil {
		return expr.Null(), err
	}
	parent, err := decode[environment](home.Resource)
	if err != nil {
		return expr.Null(), err
	}
	c, _ := connectorByName(form.Name)
	ready := r.State == "Succeeded"
	var f fields
	if ready {
		f.text("name", c.name)
		f.add("connectionParameters", showConnectorParameters(c.name))
		f.add("metadata", object(member("source", expr.String("marketplace"))))
		f.add("runtimeUrls", texts(s.config.Access(parent.ID)+"/apim/"+c.name))
	}
	f.add("generalInformation", object(
		member("displayName", expr.String(c.title)),
		member("description", expr.String(c.title+", run inside the integration service environment.")),
		member("tier", expr.String(c.tier))))
	if ready {
		f.add("capabilities", texts(c.capabilities...))
	}
	f.text("category", c.tier)
	if !form.Parameters.IsNull() {
		f.add("deploymentParameters", form.Parameters)
	}
	f.add("integrationServiceEnvironment", reference(home.ID, lastSegment(home.ID), environmentType))
	f.text("provisioningState", r.State)
	return object(member("location", expr.String(home.Location)), member("properties", f.value())), nil
}
