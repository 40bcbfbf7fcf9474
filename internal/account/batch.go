package account

import (
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/wdl"
)

func batchKind() *kind {
	return &kind{
		segment: "batchConfigurations", model: "BatchConfigurationProperties", missing: "IntegrationAccountBatchConfigurationNotFound",
		most: perSKU{free: 5, basic: 1, standard: 50}, single: true, check: checkBatch,
	}
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
