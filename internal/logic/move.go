package logic

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/wdl"
)

// moveWorkflow gives a workflow another name, or another group, of the same location
// (logic-api §2.2). It stays who it is: its flow id, so its callback URLs, its keys, its
// versions and its runs; only its resource ID is another one.
func (s *Service) moveWorkflow(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	target, err := s.moveTarget(r)
	if err != nil {
		return nil, err
	}
	if arm.SameID(target.String(), r.Resource.ID) {
		return nil, nil
	}
	return nil, s.control.Write(ctx, func(tx *store.Tx) error { return s.move(ctx, tx, r, target) })
}

// moveTarget reads where a workflow is to be, in a body {"id": …}, whose slash at the
// beginning may be missing.
func (s *Service) moveTarget(r *arm.Request) (target arm.ID, err error) {
	text, _ := path(r.Body, "id").AsString()
	if text != "" && text[0] != '/' {
		text = "/" + text
	}
	target, err = arm.ParseID(text)
	if err != nil || !strings.EqualFold(target.Type(), workflowType) || target.Group == "" {
		return target, arm.Invalid(wdl.CodeInvalidRequestContent, "id", "'%s' is not the resource ID of a workflow. Give the ID that the workflow shall have: /subscriptions/…/resourceGroups/…/providers/%s/{name}.", text, workflowType)
	}
	if !validWorkflowName(target.Name()) {
		return target, arm.Invalid("InvalidResourceName", "id", "The name '%s' of the workflow is invalid. A name has 1 to 80 characters and only letters, numbers, hyphens (-), underscores (_), parentheses and periods (.).", target.Name())
	}
	const write = workflowType + "/write"
	if s.config.Authorizer != nil && !s.config.Authorizer.Allowed(r.Principal, write, target.String()) {
		return target, &arm.Error{Status: 403, Code: "LinkedAuthorizationFailed", Target: "id", Message: "The client '" + r.Principal.Client + "' with object id '" + r.Principal.ID +
			"' may not perform action '" + write + "' on the linked scope '" + target.String() + "', where the workflow is to be moved. Ask for a role there."}
	}
	return target, nil
}

func (s *Service) move(ctx context.Context, tx *store.Tx, r *arm.Request, target arm.ID) error {
	stored, err := arm.Load(tx, r.Resource.Key)
	if errors.Is(err, store.ErrNotFound) {
		return arm.Missing("WorkflowNotFound", "The workflow '%s' was deleted meanwhile.", r.ID.Name())
	}
	if err != nil {
		return err
	}
	if err := checkFree(tx, target); err != nil {
		return err
	}
	if err := s.rename(tx, stored, target, r.Now); err != nil {
		return err
	}
	return s.operations.Follow(ctx, tx, stored, target, r.Now)
}

// checkFree wants the group to be there, and nothing of the name in it.
func checkFree(tx *store.Tx, target arm.ID) error {
	group, err := arm.Load(tx, target.GroupID().String())
	if errors.Is(err, store.ErrNotFound) {
		e := arm.GroupNotFound(target.Group)
		e.Target = "id"
		return e
	}
	if err != nil {
		return err
	}
	if group.Operation != "" {
		return arm.Conflict("ResourceGroupBeingDeleted", "id", "The resource group '%s' is being deleted. Choose another one.", target.Group)
	}
	if _, err := arm.Load(tx, target.Key()); err == nil {
		return arm.Conflict("WorkflowAlreadyExists", "id", "There is a workflow '%s' in the resource group '%s'. Choose another name, or delete it first.", target.Name(), target.Group)
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// rehomeWorkflow is the move of a workflow into another group, with others.
func (s *Service) rehomeWorkflow(_ context.Context, tx *store.Tx, r *arm.MoveRequest) error {
	return s.rename(tx, r.Old, r.Target, r.Now)
}

// followNetwork: an environment's network has moved.
func (s *Service) followNetwork(tx *store.Tx, r arm.Resource) {
	if form, err := decode[environment](r.Resource); err == nil {
		tx.AfterCommit(func() { s.placements.drop(form.ID) })
	}
}

// FollowAccount has the workflows that use an integration account, by their flow ids,
// name it by another resource ID.
func (s *Service) FollowAccount(tx *store.Tx, flowIDs []string, id string) error {
	for _, flowID := range flowIDs {
		if err := s.followAccount(tx, flowID, id); err != nil {
			return err
		}
	}
	return nil
}

// followAccount changes the current version; those before it stay as they were.
func (s *Service) followAccount(tx *store.Tx, flowID, id string) error {
	stored, form, err := byFlowID(tx, flowID)
	if err != nil {
		return err
	}
	v, err := readVersion(tx, flowID, form.Current)
	if err != nil {
		return err
	}
	account, _ := v.Settings.Get("integrationAccount")
	v.Settings = v.Settings.With("integrationAccount", account.With("id", expr.String(id)))
	if err := writeVersion(tx, v, form.Current); err != nil {
		return err
	}
	stored.ETag = arm.NewETag()
	tx.AfterCommit(func() { s.config.Workflows.gone(flowID, []string{form.Current}) })
	return arm.Save(tx, stored)
}

// rename stores a workflow under its new ID, wherever the old one stands.
func (s *Service) rename(tx *store.Tx, stored arm.Resource, target arm.ID, now time.Time) error {
	form, err := decode[workflow](stored.Resource)
	if err != nil {
		return err
	}
	versions, err := s.renameVersions(tx, form.FlowID, target.String())
	if err != nil {
		return err
	}
	if err := tx.DeleteResource(stored.Key); err != nil {
		return err
	}
	stored.ID, stored.Key, stored.Parent = target.String(), target.Key(), ""
	stored.ETag, stored.Changed = arm.NewETag(), now
	form.Changed = now
	if stored.Body, err = json.Marshal(form); err != nil {
		return err
	}
	if err := arm.Save(tx, stored); err != nil {
		return err
	}
	if err := enroll(tx, form, target); err != nil {
		return err
	}
	for _, receiver := range form.Receivers {
		if err := tx.PutSetting(senderPrefix(receiver)+form.FlowID, []byte(target.String())); err != nil {
			return err
		}
	}
	if form.Account != "" {
		if err := s.config.Accounts.Use(tx, form.Account, form.FlowID, target.String()); err != nil {
			return err
		}
	}
	tasks, err := workflowTasks(target.Key(), form, false, now)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if err := tx.PutTask(t); err != nil {
			return err
		}
	}
	tx.AfterCommit(func() { s.config.Workflows.gone(form.FlowID, versions) })
	return nil
}

// renameVersions has the versions of a workflow say whose they are now.
func (s *Service) renameVersions(tx *store.Tx, flowID, id string) ([]string, error) {
	versions, err := versionIDs(tx, flowID)
	if err != nil {
		return nil, err
	}
	for _, name := range versions {
		v, err := readVersion(tx, flowID, name)
		if err != nil {
			return nil, err
		}
		v.Workflow = id
		if err := writeVersion(tx, v, name); err != nil {
			return nil, err
		}
	}
	return versions, nil
}
