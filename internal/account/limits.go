package account

import (
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
)

// How many accounts and artifacts there may be, and how large (ise.md §A9 and limits).

const (
	maxPerSubscription = 1000
	maxPerEnvironment  = 20
	maxContent         = 8 << 20  // bytes of a schema, map or assembly
	maxRequest         = 24 << 20 // bytes of a request that holds one: escapes and base64 are longer
)

// perSKU is how many artifacts of a kind an account may have; 0 is no limit. What has
// no SKU of its own counts as Free.
type perSKU struct{ free, basic, standard int }

func (p perSKU) of(sku string) int {
	switch sku {
	case skuBasic:
		return p.basic
	case skuStandard:
		return p.standard
	}
	return p.free
}

// checkCounts holds an account that is new, or gets another SKU, to what there may be.
func (s *Service) checkCounts(tx *store.Tx, r *arm.PutRequest, form *account, found *arm.Found) error {
	before := ""
	if r.Old != nil {
		old, err := decode[account](*r.Old)
		if err != nil {
			return err
		}
		if before = old.SKU; before == form.SKU {
			return nil
		}
		if err := checkContents(tx, r.ID, form.SKU, found); err != nil {
			return err
		}
	}
	if form.ISE != "" {
		if err := s.checkEnvironment(tx, r, form, found); err != nil {
			return err
		}
	}
	if r.Old != nil {
		return nil
	}
	// Those in environments count, too (ise.md #137).
	n, err := tx.CountResources(store.Query{Type: TypeName, ScopePrefix: "/subscriptions/" + r.ID.Subscription})
	if err == nil && n >= maxPerSubscription {
		*found = append(*found, arm.Conflict("IntegrationAccountLimitExceeded", "", "The subscription has %d integration accounts, which is as many as there may be. Delete one first.", n))
	}
	return err
}

// checkContents holds what is in an account to the limits of another SKU.
func checkContents(tx *store.Tx, id arm.ID, sku string, found *arm.Found) error {
	for _, k := range kinds() {
		most := k.most.of(sku)
		if most == 0 {
			continue
		}
		n, err := tx.CountResources(store.Query{Type: k.typeName(), Parent: id.Key()})
		if err != nil {
			return err
		}
		if n > most {
			*found = append(*found, arm.Conflict(codeTooMany, "sku.name", "The integration account '%s' has %d %s; with the SKU '%s' there may be %d. Delete some first, or keep the SKU.", id.Name(), n, k.segment, sku, most))
		}
	}
	return nil
}

const codeTooMany = "IntegrationAccountArtifactLimitExceeded"

// checkEnvironment holds the accounts of an environment to its SKU: Premium has 20
// Standard ones; Developer has 20, one of them Free and the others Standard, or all
// Standard (ise.md #137 to #140).
func (s *Service) checkEnvironment(tx *store.Tx, r *arm.PutRequest, form *account, found *arm.Found) error {
	home, err := s.config.Environments.Environment(tx, form.ISE)
	if err != nil {
		return err
	}
	developer := strings.EqualFold(home.SKU, "Developer")
	if form.SKU != skuStandard && (form.SKU != skuFree || !developer) {
		allowed := "Standard"
		if developer {
			allowed = "Standard, or Free for one of them"
		}
		found.Add("InvalidSku", "sku.name", "The SKU '%s' of the integration account is not possible in the %s environment '%s'. Give %s.", form.SKU, home.SKU, home.ID, allowed)
		return nil
	}
	all, free, err := neighbours(tx, r.ID, form.Environment)
	switch {
	case err != nil:
		return err
	case r.Old == nil && all >= maxPerEnvironment:
		*found = append(*found, arm.Conflict("IntegrationAccountLimitExceeded", "properties.integrationServiceEnvironment.id", "The environment '%s' has %d integration accounts, which is as many as there may be. Delete one first.", home.ID, all))
	case form.SKU == skuFree && free > 0:
		*found = append(*found, arm.Conflict("IntegrationAccountLimitExceeded", "sku.name", "The environment '%s' has a Free integration account, and there may be one. Give the SKU Standard.", home.ID))
	}
	return nil
}

// neighbours counts the other accounts of an environment, and the Free ones of them.
func neighbours(tx *store.Tx, id arm.ID, environment string) (all, free int, err error) {
	accounts, err := arm.List(tx, store.Query{Type: TypeName})
	if err != nil {
		return 0, 0, err
	}
	for _, r := range accounts {
		other, err := decode[account](r)
		if err != nil {
			return 0, 0, err
		}
		if other.Environment != environment || r.Key == id.Key() {
			continue
		}
		all++
		if other.SKU == skuFree {
			free++
		}
	}
	return all, free, nil
}
