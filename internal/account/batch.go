package account

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/wdl"
)

const segmentBatches = "batchConfigurations"

func batchKind() *kind {
	return &kind{
		segment: segmentBatches, model: "BatchConfigurationProperties", missing: "IntegrationAccountBatchConfigurationNotFound",
		most: perSKU{free: 5, basic: 1, standard: 50}, single: true, check: checkBatch,
	}
}

// Batch finds a batch configuration of an account, known by its id, by its name and its
// batch group; store.ErrNotFound if there is none (wdl-semantics §10.6).
func (s *Service) Batch(tx *store.Tx, account, group, name string) (wdl.BatchConfiguration, error) {
	_, key, err := byID(tx, account)
	if err != nil {
		return wdl.BatchConfiguration{}, err
	}
	r, err := arm.Load(tx, key+"/"+segmentBatches+"/"+name)
	if err != nil {
		return wdl.BatchConfiguration{}, err
	}
	form, err := decode[artifact](r)
	if err != nil {
		return wdl.BatchConfiguration{}, err
	}
	if of, _ := form.Properties.Get("batchGroupName"); !strings.EqualFold(of.Text(), group) {
		return wdl.BatchConfiguration{}, fmt.Errorf("batch configuration %q of the group %q: %w", name, group, store.ErrNotFound)
	}
	criteria, _ := form.Properties.Get("releaseCriteria")
	c, problems := wdl.ReleaseCriteria(lastSegment(r.ID), criteria, wdl.Options{})
	if len(problems) > 0 {
		return c, fmt.Errorf("account: %s: %s", r.ID, problems[0].Message)
	}
	return c, nil
}

// reviewBatches has the account's workflows look again at what waits.
func (s *Service) reviewBatches(tx *store.Tx, home *account, now time.Time) error {
	users, err := flowIDs(tx, home.ID)
	if err != nil {
		return err
	}
	return s.config.Environments.Review(tx, users, now)
}

// checkBatch holds the criteria to the rules of a Batch trigger (wdl-semantics §10.6).
func checkBatch(d *draft, found *arm.Found) {
	if name, given := d.properties.Get("batchGroupName"); given && name.Text() == "" {
		found.Add("InvalidRequestContent", "properties.batchGroupName", "The name of the batch group is empty. Give DEFAULT, or a name of your own.")
	}
	criteria, _ := d.properties.Get("releaseCriteria")
	const target = "properties.releaseCriteria"
	misshapen := func(e *arm.Error) bool { return strings.HasPrefix(e.Target, target) }
	if criteria.Kind() != expr.KindObject || slices.ContainsFunc(*found, misshapen) {
		return // of what is not in the model's form nothing more can be said
	}
	_, problems := wdl.ReleaseCriteria(d.name, criteria, wdl.Options{})
	for _, p := range problems {
		found.Add("InvalidRequestContent", target+strings.ReplaceAll(p.Pointer, "/", "."), "%s", p.Message)
	}
}
