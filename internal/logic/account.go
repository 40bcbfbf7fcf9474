package logic

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

// The integration account of a workflow. It is there before the workflow names it, in the
// workflow's own environment (ise.md #4), and stays as long as it is named.

const codeOtherEnvironment = "WorkflowNotInSameIntegrationServiceEnvironmentAsIntegrationAccount"

// checkAccount finds the integration account that the request names.
func (s *Service) checkAccount(tx *store.Tx, c *change, found *arm.Found) error {
	const target = "properties.integrationAccount.id"
	id := c.body.IntegrationAccount.id()
	if id == "" {
		checkBatchAccount(c, found)
		return nil
	}
	account, err := s.findAccount(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		missing := arm.Missing("IntegrationAccountNotFound", "The integration account '%s' was not found. Create it first, or leave integrationAccount out.", id)
		missing.Target = target
		*found = append(*found, missing)
		return nil
	}
	if err != nil {
		return err
	}
	if c.account = account.ID; !arm.SameID(account.ISE, c.form.ISE) {
		*found = append(*found, &arm.Error{Status: http.StatusBadRequest, Code: codeOtherEnvironment, Target: target, Message: fmt.Sprintf(
			"The workflow '%s' is %s, and the integration account '%s' is %s. Both must be in the same integration service environment, or both in none.",
			c.r.ID.String(), whereabouts(c.form.ISE), account.Resource, whereabouts(account.ISE))})
	}
	return nil
}

// checkBatchAccount wants an account where the batches of a trigger stand in one.
func checkBatchAccount(c *change, found *arm.Found) {
	if c.program == nil {
		return
	}
	for _, t := range c.program.Triggers {
		if t.Batch != nil && t.Batch.Group != "" {
			found.Add("IntegrationAccountRequired", "properties.integrationAccount", "The batches of the trigger '%s' stand in an integration account, and the workflow '%s' has none. Give it one, as 'integrationAccount', or give the trigger mode 'Inline'.", t.Name, c.r.ID.Name())
		}
	}
}

// AccountOf is the id of the integration account that a workflow uses, known by its flow
// id; store.ErrNotFound if there is none.
func (s *Service) AccountOf(tx *store.Tx, flowID string) (string, error) {
	_, form, err := byFlowID(tx, flowID)
	if err != nil {
		return "", err
	}
	if form.Account == "" {
		return "", fmt.Errorf("workflow %s has no integration account: %w", flowID, store.ErrNotFound)
	}
	return form.Account, nil
}

// byFlowID reads a workflow.
func byFlowID(tx *store.Tx, flowID string) (arm.Resource, *workflow, error) {
	key, err := tx.Setting(flowSetting(flowID))
	if err != nil {
		return arm.Resource{}, nil, err
	}
	stored, err := arm.Load(tx, string(key))
	if err != nil {
		return arm.Resource{}, nil, err
	}
	form, err := decode[workflow](stored.Resource)
	return stored, form, err
}

// ReviewBatches has workflows, known by their flow ids, look at their batches again.
func (s *Service) ReviewBatches(tx *store.Tx, flowIDs []string, now time.Time) error {
	for _, flowID := range flowIDs {
		stored, form, err := byFlowID(tx, flowID)
		if err != nil {
			return err
		}
		tasks, err := workflowTasks(stored.Key, form, false, now)
		if err != nil {
			return err
		}
		for _, t := range tasks {
			if err := tx.PutTask(t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) findAccount(tx *store.Tx, id string) (*Account, error) {
	if s.config.Accounts == nil {
		return nil, store.ErrNotFound
	}
	return s.config.Accounts.Account(tx, id)
}

func whereabouts(ise string) string {
	if ise == "" {
		return "in no integration service environment"
	}
	return "in the integration service environment '" + ise + "'"
}

// useAccount notes which account the workflow uses from now on, "" for none.
func (s *Service) useAccount(tx *store.Tx, form *workflow, account string, id arm.ID) error {
	if form.Account != "" && form.Account != account {
		if err := s.config.Accounts.Release(tx, form.Account, form.FlowID); err != nil {
			return err
		}
	}
	if account != "" && form.Account != account {
		if err := s.config.Accounts.Use(tx, account, form.FlowID, id.String()); err != nil {
			return err
		}
	}
	form.Account = account
	return nil
}

// Home is what an integration account, or a setting that scales it, must know about an
// environment.
type Home struct {
	ID, Store, Location, SKU, State string
	Capacity                        int64
	Ready                           bool
}

// Home finds an environment by its resource ID; store.ErrNotFound if there is none.
func (s *Service) Home(tx *store.Tx, id string) (*Home, error) {
	stored, err := arm.Load(tx, id)
	if err != nil {
		return nil, err
	}
	if !arm.SameID(stored.Type, environmentType) {
		return nil, fmt.Errorf("environment %q: %w", id, store.ErrNotFound)
	}
	form, err := decode[environment](stored.Resource)
	if err != nil {
		return nil, err
	}
	return &Home{ID: stored.ID, Store: form.ID, Location: stored.Location, SKU: form.SKU, State: stored.State, Capacity: form.Capacity, Ready: form.Ready && stored.State == "Succeeded"}, nil
}

// Enter notes that an account is in an environment, known by its store id, which is then
// not deleted; Leave that it no longer is.
func (s *Service) Enter(tx *store.Tx, environment, account, id string) error {
	return tx.PutSetting(residentPrefix(environment)+"account/"+account, []byte(id))
}

// Leave: see Enter.
func (s *Service) Leave(tx *store.Tx, environment, account string) error {
	return dropSetting(tx, residentPrefix(environment)+"account/"+account)
}
