package network

import (
	"fmt"
	"reflect"

	"isle/internal/store"
	"isle/netpol"
)

// Trial reads what is stored in the midst of a transaction. The function that it gives
// makes the policy of that, when the transaction has ended; nobody else goes by it. Firewalls
// know there what they know now, and suppose the rest (netpol.Names.Supposed).
func (p *Policies) Trial(tx *store.Tx) (func() (*Snapshot, error), error) {
	c, err := readContent(tx, p.tags.Load().file, p.knownThreats(), p.nameTags())
	if err != nil {
		return nil, fmt.Errorf("network policy: %w", err)
	}
	return func() (*Snapshot, error) {
		last := p.latest.Load()
		if last != nil && reflect.DeepEqual(last.content, c) {
			return last.snapshot, last.err
		}
		policy, err := netpol.Compile(&c.model)
		if err != nil {
			return nil, fmt.Errorf("network policy: %w", err)
		}
		return &Snapshot{Policy: policy.WithNames(p.knownNames().Supposed()), content: c}, nil
	}, nil
}
